import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, Unplug } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { api, download, type Install, type InstallList, type Licence } from '../api/client'
import { useCan, useSession } from '../session'

/** Where a licence runs, each with its newest lease. */
export function Installs({ licence }: { licence: Licence }) {
  const customer = useSession().kind === 'portal'
  const path = { licence: licence.id }
  const { data, error, refetch } = useQuery({
    queryKey: ['installs', licence.id],
    queryFn: ({ signal }) =>
      customer
        ? api.get('/api/portal/licences/{licence}/installs', { signal, path })
        : api.get('/api/licences/{licence}/installs', { signal, path }),
  })
  return (
    <Panel
      title={t('portal.installs')}
      end={
        <span className="text-[13px] text-ink-2">
          {t('portal.installs_used', { used: licence.active_installs, max: licence.max_installs })}
        </span>
      }
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} />}
      {data?.installs.length === 0 ? <p className="text-ink-2">{t('portal.installs_none')}</p> : null}
      <ul className="grid gap-2">
        {data?.installs.map((install) => (
          <Row key={install.id} install={install} list={data} licence={licence.id} />
        ))}
      </ul>
    </Panel>
  )
}

function Row({ install, list, licence }: { install: Install; list: InstallList; licence: string }) {
  const customer = useSession().kind === 'portal'
  const mayRelease = useCan('installs.manage') || customer
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const lease = list.leases.find((item) => item.install_id === install.id)
  const path = { install: install.id }
  const release = useMutation({
    mutationFn: () =>
      customer ? api.post('/api/portal/installs/{install}/release', { path }) : api.post('/api/installs/{install}/release', { path }),
    onSuccess: () => {
      setAsking(false)
      toast.success(t('portal.release_done'))
      void client.invalidateQueries({ queryKey: ['installs', licence] })
      void client.invalidateQueries({ queryKey: ['licence', licence] })
    },
    onError: toast.error,
  })
  const get = () => {
    const template = customer ? '/api/portal/installs/{install}/lease' : '/api/installs/{install}/lease'
    void download(template, path, 'guildhall.lease.json').catch(toast.error)
  }
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-[14px] border border-line px-4 py-3">
      <span className="min-w-0 flex-1 basis-[220px]">
        <b className="block truncate font-mono text-[13.5px] font-medium">{install.key_fingerprint}</b>
        <span className="block text-[13px] text-ink-3">
          {t('portal.install_seen', { version: install.product_version, when: formatRelative(install.last_seen_at) })}
        </span>
        {lease ? (
          <span className="block text-[13px] text-ink-3">{t('portal.lease_until', { when: formatDate(lease.valid_until) })}</span>
        ) : null}
      </span>
      {install.clone_suspected_at ? <StatusPill state="waiting">{t('portal.clone')}</StatusPill> : null}
      {install.released_at ? <StatusPill state="paused">{t('portal.released')}</StatusPill> : null}
      {lease ? (
        <Button kind="outline" size="sm" onClick={get}>
          <Download size={15} aria-hidden="true" />
          {t('portal.lease')}
        </Button>
      ) : null}
      {mayRelease && !install.released_at ? (
        <Button kind="quiet" size="sm" onClick={() => setAsking(true)}>
          <Unplug size={15} aria-hidden="true" />
          {t('portal.release')}
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => release.mutate()}
        title={t('portal.release_title')}
        confirm={t('portal.release')}
        busy={release.isPending}
      >
        {t('portal.release_text')}
      </ConfirmDialog>
    </li>
  )
}
