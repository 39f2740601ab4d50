import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Bot, ChevronRight, Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { useSession } from '@/api/session'
import { type ServiceAccount, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { RoleSelect } from '@/components/group-rules'
import { EmptyState, Panel } from '@/components/page'
import { useRoleNames } from '@/components/role-names'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { ServiceSheet } from './service-sheet'

/** Accounts that belong to a program and to nobody. */
export function ServiceAccounts() {
  const { data, error, refetch } = useQuery(tokenQueries.serviceAccounts())
  const { titleOf } = useRoleNames()
  const [adding, setAdding] = useState(false)
  const [opened, setOpened] = useState<string>()
  const open = data?.items.find((account) => account.id === opened)
  const empty = data?.items.length === 0
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
      {t('service.add')}
    </Button>
  )
  return (
    <Panel title={t('service.title')} icon={Bot} pad={false} end={data && !empty ? add : null}>
      <p className="max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">{t('service.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} className="px-5 pb-6" />}
      {empty ? (
        <EmptyState title={t('service.empty')} action={add}>
          {t('service.empty_text')}
        </EmptyState>
      ) : null}
      <ul aria-label={t('service.title')} className="divide-y divide-line">
        {data?.items.map((account) => (
          <Row key={account.id} account={account} role={titleOf(account.role)} onOpen={() => setOpened(account.id)} />
        ))}
      </ul>
      {adding ? <AddService onClose={() => setAdding(false)} onAdded={(account) => setOpened(account.id)} /> : null}
      {open ? <ServiceSheet account={open} onClose={() => setOpened(undefined)} /> : null}
    </Panel>
  )
}

function Row({ account, role, onOpen }: { account: ServiceAccount; role: string; onOpen: () => void }) {
  return (
    <li className="relative flex items-center gap-x-4 gap-y-2 px-5 py-4 transition-colors hover:bg-surface-2/60">
      <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-surface-2 text-ink-2">
        <Bot size={20} aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2.5">
          <button type="button" onClick={onOpen} className="truncate text-[15px] font-semibold after:absolute after:inset-0">
            {account.name}
          </button>
          {account.disabled ? <StatusPill state="paused">{t('service.disabled')}</StatusPill> : null}
        </p>
        <p className="text-[13.5px] text-ink-2">{t('service.facts', { role, keys: account.keys })}</p>
        <p className="text-[13px] text-ink-3">
          {account.last_used_at ? t('service.used', { when: formatRelative(account.last_used_at) }) : t('service.unused')}
        </p>
      </div>
      <ChevronRight size={18} className="shrink-0 text-ink-3 rtl:-scale-x-100" aria-hidden="true" />
    </li>
  )
}

function AddService({ onClose, onAdded }: { onClose: () => void; onAdded: (account: ServiceAccount) => void }) {
  const { organisation } = useSession()
  const [name, setName] = useState('')
  const [role, setRole] = useState('developer')
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => api.post('/api/admin/service-accounts', { body: { name: name.trim(), role } }),
    onSuccess: async (account) => {
      await client.invalidateQueries({ queryKey: tokenKeys.serviceAccounts })
      toast.success(t('service.added', { name: account.name }))
      onClose()
      onAdded(account)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('service.add')} lead={t('service.add_lead')}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('service.name')}
          hint={t('service.name_hint')}
          required
          maxLength={80}
          autoComplete="off"
          value={name}
          error={isApiError(add.error) ? add.error.field('name') : undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <RoleSelect
          label={t('service.role')}
          hint={t('service.role_hint')}
          grant={{ organisation_id: organisation.id, role }}
          onChange={setRole}
        />
        <FormError error={add.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || add.isPending}>
            {t('service.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
