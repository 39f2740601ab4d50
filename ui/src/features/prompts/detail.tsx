import '@/lib/i18n/en/fill'
import '@/lib/i18n/en/prompts'
import '@/lib/i18n/en/work'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Archive, ArchiveRestore, Ellipsis, PencilLine } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { promptQueries } from '@/api/prompt-queries'
import { keys } from '@/api/queries'
import { useCan } from '@/api/session'
import type { PromptTemplate, PromptTemplateDetail } from '@/api/types'
import { IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Menu, MenuItem } from '@/components/menu'
import { EmptyState, PageHeader } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { Tabs } from '@/components/tabs'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { DescribeDialog } from './describe'
import { EditTab } from './edit-tab'
import { UseTab } from './use-tab'
import { Versions } from './versions'

const route = getRouteApi('/app/prompts/$prompt')

/** One template: filling it in, changing it, its versions. */
export default function Prompt() {
  const { prompt } = route.useParams()
  const { data, error, refetch } = useQuery(promptQueries.prompt(prompt))
  if (data) return <Template key={prompt} detail={data} />
  if (isApiError(error) && error.status === 404) {
    return (
      <>
        <PageHeader title={t('prompts.title')} />
        <EmptyState title={t('error.missing_title')} />
      </>
    )
  }
  if (error) {
    return (
      <>
        <PageHeader title={t('prompts.title')} />
        <ErrorState error={error} onRetry={() => void refetch()} />
      </>
    )
  }
  return <PageSkeleton />
}

function Template({ detail }: { detail: PromptTemplateDetail }) {
  const { template, current } = detail
  const { tab = 'use' } = route.useSearch()
  const mayWrite = useCan('prompts.manage')
  const navigate = useNavigate()
  const isArchived = template.archived_at !== null
  const show = (next: string) =>
    void navigate({
      to: '/prompts/$prompt',
      params: { prompt: template.id },
      search: next === 'use' ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    })
  return (
    <>
      <PageHeader title={template.name} actions={mayWrite ? <Actions template={template} /> : null}>
        {isArchived && template.archived_at
          ? t('prompts.is_archived', { date: formatDate(template.archived_at) })
          : template.description || t('prompts.no_description')}
      </PageHeader>
      <Tabs
        label={t('prompts.tabs')}
        value={tab}
        onChange={show}
        items={[
          { id: 'use', label: t('prompts.tab.use'), body: <UseTab template={template} version={current} /> },
          ...(mayWrite && !isArchived
            ? [{ id: 'edit', label: t('prompts.tab.edit'), body: <EditTab template={template} version={current} /> }]
            : []),
          { id: 'versions', label: t('prompts.tab.versions'), count: template.version, body: <Versions template={template} /> },
        ]}
      />
    </>
  )
}

function Actions({ template }: { template: PromptTemplate }) {
  const [open, setOpen] = useState<'describe' | 'archive' | null>(null)
  const client = useQueryClient()
  const isArchived = template.archived_at !== null
  const move = useMutation({
    mutationFn: () => {
      const options = { path: { id: template.id }, body: { revision: template.revision } }
      return isArchived ? api.post('/api/prompts/{id}/unarchive', options) : api.post('/api/prompts/{id}/archive', options)
    },
    onSuccess: () => {
      toast.success(t(isArchived ? 'prompts.unarchived_done' : 'prompts.archived_done', { name: template.name }))
      return client.invalidateQueries({ queryKey: keys.prompts })
    },
    onError: toast.error,
    onSettled: () => setOpen(null),
  })
  const label = t('prompts.actions', { name: template.name })
  return (
    <>
      <Menu
        label={label}
        trigger={(props) => (
          <IconButton label={label} className="border border-field" {...props}>
            <Ellipsis size={18} aria-hidden="true" />
          </IconButton>
        )}
      >
        <MenuItem icon={PencilLine} onClick={() => setOpen('describe')}>
          {t('prompts.rename')}
        </MenuItem>
        {isArchived ? (
          <MenuItem icon={ArchiveRestore} onClick={() => move.mutate()}>
            {t('prompts.unarchive')}
          </MenuItem>
        ) : (
          <MenuItem icon={Archive} onClick={() => setOpen('archive')}>
            {t('prompts.archive')}
          </MenuItem>
        )}
      </Menu>
      {open === 'describe' ? <DescribeDialog template={template} onClose={() => setOpen(null)} /> : null}
      <ConfirmDialog
        open={open === 'archive'}
        onClose={() => setOpen(null)}
        onConfirm={() => move.mutate()}
        title={t('prompts.archive_title', { name: template.name })}
        confirm={t('prompts.archive')}
        busy={move.isPending}
        danger={false}
      >
        {t('prompts.archive_text')}
      </ConfirmDialog>
    </>
  )
}
