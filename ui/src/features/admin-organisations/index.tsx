import '@/lib/i18n/en/admin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys, queries } from '@/api/queries'
import { adoptSession, useSession } from '@/api/session'
import type { Organisation } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

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

function Row({ organisation }: { organisation: Organisation }) {
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
      <span className="min-w-0 flex-1">
        <b className="block truncate text-[15px] font-semibold">{organisation.name}</b>
        <span className="block truncate font-mono text-[13px] text-ink-3">{organisation.slug}</span>
      </span>
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
    </li>
  )
}

function AddOrganisation({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => api.post('/api/admin/organisations', { body: { name: name.trim() } }),
    onSuccess: async (added) => {
      await Promise.all([client.invalidateQueries({ queryKey: keys.organisations }), client.invalidateQueries({ queryKey: keys.session })])
      toast.success(t('organisations.added', { name: added.name }))
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('organisations.add')} lead={t('organisations.add_lead')} size="sm">
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('organisations.name')}
          icon={Building2}
          required
          maxLength={120}
          value={name}
          error={isApiError(add.error) ? add.error.field('name') : undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <FormError error={add.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || add.isPending}>
            {t('organisations.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
