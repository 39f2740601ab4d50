import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { type Directory, directoryKeys, directoryQueries, isRefreshing } from '@/api/directory-queries'
import { Button } from '@/components/button'
import { Switch } from '@/components/field'
import { PageHeader, Panel } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { DeleteSource } from './delete-source'
import { DirectorySettingsForm } from './directory-settings'
import { DirectoryState } from './directory-state'
import { DirectoryTestPanel } from './directory-test'
import { DryRunPanel } from './dry-run'
import { BackToSignIn } from './frame'
import { NotTakenOver } from './not-taken-over'
import { useEnableDirectory } from './use-directory'
import { Whole } from './whole'

const route = getRouteApi('/app/admin/sign-in/directories/$directory')

/** One directory: how it is doing, who it would let in, and how it is set up. */
export default function DirectoryPage() {
  const { directory: id } = route.useParams()
  const query = useQuery(directoryQueries.one(id))
  return <Whole query={query}>{(directory) => <Detail key={id} directory={directory} />}</Whole>
}

function Detail({ directory }: { directory: Directory }) {
  const { tab = 'state' } = route.useSearch()
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  const enable = useEnableDirectory(directory.id)
  const refusals = useQuery(directoryQueries.refusals(directory.id))
  const input = () => ({ id: directory.id })
  const show = (next: string) =>
    void navigate({
      to: '/admin/sign-in/directories/$directory',
      params: { directory: directory.id },
      search: next === 'state' ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    })
  const state = (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
      <Panel title={t('directory.panel_state')} end={<RefreshNow directory={directory} />}>
        <DirectoryState directory={directory} />
        <div className="mt-5 border-t border-line pt-5">
          <Switch
            label={t('signins.enabled')}
            note={t('directory.enabled_note')}
            checked={enable.isPending ? enable.variables : directory.enabled}
            disabled={enable.isPending}
            onChange={(enabled) => enable.mutate(enabled, { onError: toast.error })}
          />
        </div>
      </Panel>
      <Panel title={t('directory.panel_test')} i={1}>
        <DirectoryTestPanel input={input} name={directory.name} />
      </Panel>
      <Panel title={t('signins.kept')} i={2} pad={false} className="xl:col-span-2">
        <NotTakenOver query={refusals} />
      </Panel>
      <Panel title={t('dry_run.title')} i={3} className="xl:col-span-2">
        <p className="-mt-2 mb-4 max-w-[72ch] text-[14px] text-ink-2">{t('dry_run.lead')}</p>
        <DryRunPanel id={directory.id} name={directory.name} />
      </Panel>
    </div>
  )
  return (
    <>
      <BackToSignIn />
      <PageHeader
        title={directory.name}
        actions={
          <Button kind="danger" onClick={() => setDeleting(true)}>
            <Trash2 size={16} aria-hidden="true" />
            {t('signins.delete')}
          </Button>
        }
      >
        {t('directory.subtitle', { kind: t(`directory.kind.${directory.kind}`), address: directory.urls[0] ?? '' })}
      </PageHeader>
      <Tabs
        label={t('signins.tabs')}
        value={tab}
        onChange={show}
        items={[
          { id: 'state', label: t('signins.tab.state'), body: state },
          { id: 'settings', label: t('signins.tab.settings'), body: <DirectorySettingsForm directory={directory} /> },
        ]}
      />
      {deleting ? <DeleteDirectory directory={directory} onClose={() => setDeleting(false)} /> : null}
    </>
  )
}

function RefreshNow({ directory }: { directory: Directory }) {
  const client = useQueryClient()
  const refresh = useMutation({
    mutationFn: () => api.post('/api/admin/directories/{id}/refresh', { path: { id: directory.id } }),
    onSuccess: () => toast.success(t('directory.refresh_started')),
    onError: toast.error,
    onSettled: () => client.invalidateQueries({ queryKey: directoryKeys.all }),
  })
  const busy = refresh.isPending || isRefreshing(directory.last_refresh)
  return (
    <Button kind="outline" size="sm" disabled={busy || !directory.enabled} onClick={() => refresh.mutate()}>
      <RefreshCw size={15} className={busy ? 'animate-spin' : ''} aria-hidden="true" />
      {t(busy ? 'directory.refreshing' : 'directory.refresh')}
    </Button>
  )
}

function DeleteDirectory({ directory, onClose }: { directory: Directory; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/directories/{id}', { path: { id: directory.id } }),
    onSuccess: async () => {
      toast.success(t('signins.deleted', { name: directory.name }))
      await navigate({ to: '/admin/sign-in' })
      client.removeQueries({ queryKey: directoryKeys.one(directory.id) })
      return client.invalidateQueries()
    },
    onError: (error) => {
      toast.error(error)
      onClose()
    },
  })
  return (
    <DeleteSource
      source={directory.id}
      name={directory.name}
      organisations={directory.group_map.map((rule) => rule.organisation_id)}
      busy={remove.isPending}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
    />
  )
}
