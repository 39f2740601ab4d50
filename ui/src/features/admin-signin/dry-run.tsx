import { useMutation } from '@tanstack/react-query'
import { ScanSearch } from 'lucide-react'
import { api } from '@/api/client'
import type { DryRun, DryRunChange, DryRunPerson } from '@/api/directory-queries'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { FormError } from '@/components/error-state'
import { useOrganisations } from '@/components/group-rules'
import { useRoleNames } from '@/components/role-names'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'

const PEOPLE_MAX = 200
const PILL: Record<DryRunChange, 'done' | 'verified' | 'waiting' | 'queued' | 'failed'> = {
  create: 'done',
  update: 'verified',
  withdraw: 'waiting',
  none: 'queued',
  refused: 'failed',
}
const CHANGES = ['create', 'update', 'withdraw', 'refused', 'none'] as const
type Row = DryRunPerson & { id: string }

/** What a refresh would do to whom, without doing it. */
export function DryRunPanel({ id, name }: { id: string; name: string }) {
  const { titleOf } = useRoleNames()
  const { nameOf } = useOrganisations()
  const run = useMutation({
    mutationFn: () => api.post('/api/admin/directories/{id}/dry-run', { path: { id }, body: { limit: PEOPLE_MAX } }),
    onSuccess: (found) => announce(t('dry_run.found', { count: found.people.length })),
  })
  const rows = run.data?.people.map((person, at): Row => ({ ...person, id: `${at}/${person.login}` }))
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <Button kind="outline" className="justify-self-start" disabled={run.isPending} onClick={() => run.mutate()}>
        <ScanSearch size={17} aria-hidden="true" />
        {t(run.data ? 'dry_run.again' : 'dry_run.start')}
      </Button>
      <FormError error={run.error} />
      {run.isPending ? <RowsSkeleton rows={3} /> : null}
      {run.data && !run.isPending ? <Summary found={run.data} /> : null}
      {rows && rows.length > 0 && !run.isPending ? (
        <div className="rise overflow-hidden rounded-[18px] border border-line pt-3">
          <DataTable label={t('dry_run.table', { name })} columns={columns(titleOf, nameOf)} rows={rows} />
        </div>
      ) : null}
    </div>
  )
}

function Summary({ found }: { found: DryRun }) {
  const counts = CHANGES.map((change) => [change, found.people.filter((person) => person.change === change).length] as const)
  if (found.people.length === 0) return <p className="text-[14px] text-ink-2">{t('dry_run.nobody')}</p>
  return (
    <div className="grid gap-2">
      <p className="flex flex-wrap gap-2">
        {counts
          .filter(([, count]) => count > 0)
          .map(([change, count]) => (
            <StatusPill key={change} state={PILL[change]}>
              {t(`dry_run.count.${change}`, { count })}
            </StatusPill>
          ))}
      </p>
      {found.truncated ? <p className="text-[13px] text-ink-2">{t('dry_run.truncated', { count: found.people.length })}</p> : null}
    </div>
  )
}

type Names = (id: string) => string
const columns = (titleOf: Names, nameOf: Names): Column<Row>[] => [
  {
    key: 'person',
    head: t('dry_run.person'),
    cell: (row) => (
      <>
        <b className="block font-medium">{row.display_name || row.login}</b>
        <span className="block text-[13px] text-ink-2">{row.email || row.login}</span>
      </>
    ),
  },
  {
    key: 'change',
    head: t('dry_run.change'),
    wide: true,
    cell: (row) => (
      <>
        <StatusPill state={PILL[row.change]}>{t(`dry_run.change.${row.change}`)}</StatusPill>
        {row.reason ? <span className="mt-1 block min-w-[200px] text-[13px] text-ink-2">{sentence(row.reason)}</span> : null}
      </>
    ),
  },
  {
    key: 'grants',
    head: t('dry_run.gets'),
    cell: (row) =>
      row.grants.length === 0
        ? t('dry_run.nothing')
        : row.grants.map((grant) => (
            <span key={`${grant.organisation}/${grant.role}`} className="block">
              {t('dry_run.grant', { role: titleOf(grant.role), organisation: nameOf(grant.organisation) })}
            </span>
          )),
  },
  {
    key: 'groups',
    head: t('dry_run.groups'),
    hide: true,
    cell: (row) => (
      <span className="block max-w-[320px] truncate text-[13px] text-ink-2" title={row.groups.join('\n')}>
        {row.groups.join(', ')}
      </span>
    ),
  },
]
