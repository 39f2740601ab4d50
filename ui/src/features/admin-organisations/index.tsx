import '@/lib/i18n/en/admin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { queries } from '@/api/queries'
import { adoptSession, useSession } from '@/api/session'
import type { ListedOrganisation } from '@/api/types'
import { Button } from '@/components/button'
import { CopyLine } from '@/components/copy-line'
import { ErrorState } from '@/components/error-state'
import { PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { AddOrganisation } from './add-organisation'

/** The organisations of the node, for whoever looks after it. */
export default function Organisations() {
  const { data, error, refetch } = useQuery(queries.organisations())
  const [adding, setAdding] = useState(false)
  return (
    <>
      <PageHeader
        title={t('organisations.title')}
        actions={
          <Button onClick={() => setAdding(true)}>
            <Plus size={17} strokeWidth={2.4} aria-hidden="true" />
            {t('organisations.add')}
          </Button>
        }
      >
        {t('organisations.lead')}
      </PageHeader>
      <Panel pad={false}>
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={3} className="p-5" />}
        <ul aria-label={t('organisations.title')} className="divide-y divide-line">
          {data?.items.map((organisation) => (
            <Row key={organisation.id} organisation={organisation} />
          ))}
        </ul>
      </Panel>
      {adding ? <AddOrganisation onClose={() => setAdding(false)} /> : null}
    </>
  )
}

function Row({ organisation }: { organisation: ListedOrganisation }) {
  const session = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const current = session.organisation.id === organisation.id
  const member = session.organisations.some((own) => own.id === organisation.id)
  const enter = useMutation({
    mutationFn: () => api.post('/api/session/organisation', { body: { organisation_id: organisation.id } }),
    onSuccess: (next) => {
      adoptSession(client, next)
      return navigate({ to: '/' })
    },
    onError: toast.error,
  })
  return (
    <li className="flex flex-wrap items-center gap-4 px-5 py-4">
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-[14px] ${current ? 'bg-brand-soft text-brand' : 'bg-surface-2 text-ink-2'}`}
      >
        <Building2 size={20} aria-hidden="true" />
      </span>
      <span className="min-w-36 flex-1">
        <b className="block truncate text-[15px] font-semibold">{organisation.name}</b>
        <span className="block truncate font-mono text-[13px] text-ink-3">{organisation.slug}</span>
      </span>
      {organisation.has_administrator ? null : (
        <StatusPill state={organisation.administrator_is_invited ? 'waiting' : 'failed'}>
          {t(organisation.administrator_is_invited ? 'organisations.invited_only' : 'organisations.orphaned')}
        </StatusPill>
      )}
      {current ? <StatusPill state="done">{t('organisations.current')}</StatusPill> : null}
      {member && !current ? (
        <Button
          kind="outline"
          size="sm"
          aria-label={t('organisations.enter_of', { name: organisation.name })}
          onClick={() => enter.mutate()}
          disabled={enter.isPending}
        >
          {t('organisations.enter')}
        </Button>
      ) : null}
      {organisation.has_administrator || organisation.administrator_is_invited ? null : (
        <div className="w-full min-w-0">
          <CopyLine
            label={t('organisations.orphaned_note')}
            value={`guildhall user add ADDRESS --name "NAME" --role admin --org ${organisation.slug}`}
            hint={t('organisations.orphaned_hint')}
          />
        </div>
      )}
    </li>
  )
}
