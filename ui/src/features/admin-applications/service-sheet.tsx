import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { useSession } from '@/api/session'
import { type NewApiKey, type ServiceAccount, tokenKeys, tokenQueries } from '@/api/token-queries'
import type { ApiKey } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Field, Switch } from '@/components/field'
import { RoleSelect } from '@/components/group-rules'
import { KeyDialog } from '@/components/key-dialog'
import { scopeLine } from '@/components/scope-words'
import { SideSheet } from '@/components/side-sheet'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { ClientCertificate } from './certificate'

type SheetProps = { account: ServiceAccount; onClose: () => void }
type Asked = { kind: 'key' } | { kind: 'revoke'; apiKey: ApiKey } | { kind: 'delete' } | null
const path = (account: ServiceAccount) => ({ id: account.id })

/** One service account: its keys, its role, and the ways to stop it. */
export function ServiceSheet({ account, onClose }: SheetProps) {
  const [asked, setAsked] = useState<Asked>(null)
  const client = useQueryClient()
  const reread = () => client.invalidateQueries({ queryKey: tokenKeys.serviceAccounts })
  const close = () => setAsked(null)
  const create = async (body: NewApiKey) => {
    const made = await api.post('/api/admin/service-accounts/{id}/keys', { path: path(account), body })
    void reread()
    return made
  }
  return (
    <>
      <SideSheet open onClose={onClose} title={account.name} lead={t('service.sheet_lead')}>
        <div className="grid gap-7">
          <Keys account={account} onMake={() => setAsked({ kind: 'key' })} onRevoke={(apiKey) => setAsked({ kind: 'revoke', apiKey })} />
          <ClientCertificate account={account} />
          <Settings account={account} />
        </div>
        <div className="mt-auto pt-8">
          <Button kind="danger" size="sm" onClick={() => setAsked({ kind: 'delete' })}>
            <Trash2 size={15} aria-hidden="true" />
            {t('service.delete')}
          </Button>
        </div>
      </SideSheet>
      {asked?.kind === 'key' ? (
        <KeyDialog title={t('service.key_make')} lead={t('service.key_lead', { name: account.name })} create={create} onClose={close} />
      ) : null}
      {asked?.kind === 'revoke' ? <RevokeKey account={account} apiKey={asked.apiKey} onClose={close} /> : null}
      {asked?.kind === 'delete' ? <DeleteService account={account} onClose={close} onDeleted={onClose} /> : null}
    </>
  )
}

type KeysProps = { account: ServiceAccount; onMake: () => void; onRevoke: (apiKey: ApiKey) => void }
function Keys({ account, onMake, onRevoke }: KeysProps) {
  const { data, error, refetch } = useQuery(tokenQueries.serviceKeys(account.id))
  return (
    <section aria-label={t('service.keys')}>
      <div className="mb-2 flex items-center gap-3">
        <h3 className="text-[15px] font-semibold">{t('service.keys')}</h3>
        <Button kind="outline" size="sm" className="ms-auto" disabled={account.disabled} onClick={onMake}>
          <Plus size={15} aria-hidden="true" />
          {t('service.key_make')}
        </Button>
      </div>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} />}
      {data?.items.length === 0 ? <p className="text-[14px] text-ink-2">{t('service.keys_none')}</p> : null}
      <ul className="divide-y divide-line">
        {data?.items.map((apiKey) => (
          <li key={apiKey.id} className="flex items-start gap-3 py-3">
            <KeyRound size={17} className="mt-1 shrink-0 text-brand" aria-hidden="true" />
            <div className="min-w-0 flex-1 text-[13px] text-ink-2">
              <b className="block text-[14.5px] font-medium text-ink">{apiKey.name}</b>
              <span className="block">
                <code className="font-mono text-[12.5px]">{apiKey.prefix}…</code> {scopeLine(apiKey.scopes)}
              </span>
              <span className="block text-ink-3">
                {apiKey.last_used_at ? t('service.used', { when: formatRelative(apiKey.last_used_at) }) : t('service.unused')}{' '}
                {apiKey.expires_at ? t('service.key_ends', { when: formatDate(apiKey.expires_at) }) : t('service.key_endless')}
              </span>
            </div>
            <IconButton label={t('service.key_revoke_of', { name: apiKey.name })} onClick={() => onRevoke(apiKey)}>
              <Trash2 size={16} aria-hidden="true" />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Settings({ account }: { account: ServiceAccount }) {
  const { organisation } = useSession()
  const [name, setName] = useState(account.name)
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (body: { name?: string; role?: string; disabled?: boolean }) =>
      api.patch('/api/admin/service-accounts/{id}', { path: path(account), body }),
    onSuccess: (saved) => toast.success(t('service.saved', { name: saved.name })),
    onError: toast.error,
    onSettled: () => client.invalidateQueries({ queryKey: tokenKeys.serviceAccounts }),
  })
  const rename = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ name: name.trim() })
  }
  const changed = name.trim() !== '' && name.trim() !== account.name
  return (
    <section aria-label={t('service.settings')} className="grid gap-5 border-t border-line pt-6">
      <form onSubmit={rename} className="flex items-end gap-2.5">
        <Field
          className="min-w-0 flex-1"
          label={t('service.name')}
          required
          maxLength={80}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" kind="outline" className="h-12!" disabled={!changed || change.isPending}>
          {t('action.save')}
        </Button>
      </form>
      <RoleSelect
        label={t('service.role')}
        grant={{ organisation_id: organisation.id, role: account.role }}
        onChange={(role) => change.mutate({ role })}
      />
      <Switch
        label={t('service.enabled')}
        note={t('service.enabled_note')}
        checked={!account.disabled}
        disabled={change.isPending}
        onChange={(on) => change.mutate({ disabled: !on })}
      />
    </section>
  )
}

function RevokeKey({ account, apiKey, onClose }: { account: ServiceAccount; apiKey: ApiKey; onClose: () => void }) {
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => api.delete('/api/admin/service-accounts/{id}/keys/{key}', { path: { id: account.id, key: apiKey.id } }),
    onSuccess: () => toast.success(t('service.key_revoked', { name: apiKey.name })),
    onError: toast.error,
    onSettled: () => {
      onClose()
      return client.invalidateQueries({ queryKey: tokenKeys.serviceAccounts })
    },
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => revoke.mutate()}
      title={t('service.key_revoke_title', { name: apiKey.name })}
      confirm={t('service.key_revoke')}
      busy={revoke.isPending}
    >
      {t('service.key_revoke_text')}
    </ConfirmDialog>
  )
}

function DeleteService({ account, onClose, onDeleted }: SheetProps & { onDeleted: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/service-accounts/{id}', { path: path(account) }),
    onSuccess: () => {
      toast.success(t('service.deleted', { name: account.name }))
      onDeleted()
      return client.invalidateQueries({ queryKey: tokenKeys.serviceAccounts })
    },
    onError: (error) => {
      toast.error(error)
      onClose()
    },
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('service.delete_title', { name: account.name })}
      confirm={t('service.delete')}
      busy={remove.isPending}
    >
      {t('service.delete_text', { keys: account.keys })}
    </ConfirmDialog>
  )
}
