import '@/lib/i18n/en/quotas'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useCanNode } from '@/api/session'
import type { Quota } from '@/api/types'
import { usageQueries } from '@/api/usage-queries'
import { Button, IconButton } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatCompact, formatNumber } from '@/lib/i18n/format'
import { QuotaDialog } from './quota-dialog'
import { useSubjects } from './subjects'

type Row = Quota & { id: string; name: string; editable: boolean }

/** How much of the models everybody may use, with what they used today. */
export default function Quotas() {
  const { data, error, refetch } = useQuery(usageQueries.quotas())
  const { nameOf } = useSubjects()
  const node = useCanNode('models.manage')
  const [editing, setEditing] = useState<Row | 'new' | null>(null)
  const [removing, setRemoving] = useState<Row | null>(null)
  const rows = data?.items.map(
    (quota): Row => ({
      ...quota,
      id: `${quota.scope}/${quota.subject_id}`,
      name: nameOf(quota.scope, quota.subject_id),
      editable: node || quota.scope !== 'organisation',
    }),
  )
  const add = (
    <Button onClick={() => setEditing('new')}>
      <Plus size={17} aria-hidden="true" />
      {t('quotas.add')}
    </Button>
  )
  return (
    <>
      <PageHeader title={t('quotas.title')} actions={rows && rows.length > 0 ? add : null}>
        {t('quotas.lead')}
      </PageHeader>
      <Panel pad={false} className="pt-4">
        {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={3} className="p-5" />}
        {rows?.length === 0 ? (
          <EmptyState title={t('quotas.empty_title')} action={add}>
            {t('quotas.empty')}
          </EmptyState>
        ) : null}
        {rows && rows.length > 0 ? <DataTable label={t('quotas.list')} columns={columnsOf(setEditing, setRemoving)} rows={rows} /> : null}
      </Panel>
      {editing ? <QuotaDialog quota={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <Remove row={removing} onClose={() => setRemoving(null)} /> : null}
    </>
  )
}

const columnsOf = (edit: (row: Row) => void, remove: (row: Row) => void): Column<Row>[] => [
  {
    key: 'subject',
    head: t('quotas.head.subject'),
    cell: (row) => (
      <>
        <span className="font-medium">{row.name}</span>
        <span className="block text-[13px] text-ink-2">{t(`quotas.scope.${row.scope}`)}</span>
      </>
    ),
  },
  { key: 'today', head: t('quotas.head.today'), wide: true, cell: (row) => <Used row={row} /> },
  {
    key: 'minute',
    head: t('quotas.head.minute'),
    end: true,
    hide: true,
    cell: (row) => (row.requests_per_minute === null ? t('quotas.unlimited') : formatNumber(row.requests_per_minute)),
  },
  { key: 'weight', head: t('quotas.head.weight'), end: true, hide: true, cell: (row) => formatNumber(row.weight ?? 1) },
  {
    key: 'actions',
    head: t('quotas.head.actions'),
    end: true,
    cell: (row) =>
      row.editable ? (
        <span className="flex justify-end">
          <IconButton label={t('quotas.edit_of', { name: row.name })} onClick={() => edit(row)}>
            <Pencil size={16} aria-hidden="true" />
          </IconButton>
          <IconButton label={t('quotas.remove_of', { name: row.name })} onClick={() => remove(row)}>
            <Trash2 size={16} aria-hidden="true" />
          </IconButton>
        </span>
      ) : null,
  },
]

function Used({ row }: { row: Row }) {
  const limit = row.tokens_per_day
  if (limit === null) {
    return (
      <span className="text-ink-2 tabular-nums">
        {t('quotas.of', { used: formatCompact(row.tokens_today), limit: t('quotas.unlimited') })}
      </span>
    )
  }
  const share = limit === 0 ? 1 : Math.min(1, row.tokens_today / limit)
  return (
    <span className="flex items-center gap-x-3 gap-y-1.5 max-sm:flex-col max-sm:items-start sm:min-w-[200px]">
      <span
        role="img"
        aria-label={t('quotas.used', { name: row.name })}
        className="h-2 min-w-[90px] flex-1 overflow-hidden rounded-full bg-surface-2 max-sm:w-full max-sm:flex-none"
      >
        <span
          className={`block h-full rounded-full ${share >= 0.85 ? 'bg-warn' : 'bg-linear-to-r from-brand-fill to-violet'}`}
          style={{ width: `${share * 100}%` }}
        />
      </span>
      <span className="font-mono text-[13px] tabular-nums">
        {t('quotas.of', { used: formatCompact(row.tokens_today), limit: formatCompact(limit) })}
      </span>
    </span>
  )
}

function Remove({ row, onClose }: { row: Row; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/quotas/{scope}/{subject}', { path: { scope: row.scope, subject: row.subject_id } }),
    onSuccess: () => {
      toast.success(t('quotas.removed', { name: row.name }))
      return client.invalidateQueries({ queryKey: keys.quotas })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('quotas.remove_title', { name: row.name })}
      confirm={t('quotas.remove')}
      busy={remove.isPending}
    >
      {t('quotas.remove_text', { name: row.name })}
    </ConfirmDialog>
  )
}
