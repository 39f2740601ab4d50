import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus, Trash2, UsersRound } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { type ScimToken, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button, IconButton } from '@/components/button'
import { CopyLine } from '@/components/copy-line'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Panel } from '@/components/page'
import { SecretDialog } from '@/components/secret-dialog'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { ScimRoles } from './scim-roles'

/** Provisioning by SCIM: where, with which token, and which role a group gets. */
export function Scim() {
  const { data, error, refetch } = useQuery(tokenQueries.scimTokens())
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<ScimToken | null>(null)
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
      {t('scim.add')}
    </Button>
  )
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
      <Panel title={t('scim.title')} icon={KeyRound} end={add}>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
          <p className="-mt-2 text-[14px] text-ink-2">{t('scim.lead')}</p>
          {data ? <CopyLine label={t('scim.base')} value={data.base_url} hint={t('scim.base_hint')} /> : null}
          <div>
            <p className="mb-1 text-[13.5px] font-medium">{t('scim.tokens')}</p>
            {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
            {data || error ? null : <RowsSkeleton rows={2} />}
            {data?.items.length === 0 ? <p className="text-[14px] text-ink-2">{t('scim.tokens_none')}</p> : null}
            <ul aria-label={t('scim.tokens')} className="divide-y divide-line">
              {data?.items.map((token) => (
                <li key={token.id} className="flex items-center gap-3 py-3">
                  <div className="min-w-0 flex-1 text-[13px] text-ink-3">
                    <b className="block truncate text-[14.5px] font-medium text-ink">{token.name}</b>
                    {token.last_used_at ? t('scim.used', { when: formatRelative(token.last_used_at) }) : t('scim.unused')}{' '}
                    {token.expires_at ? t('scim.ends', { when: formatDate(token.expires_at) }) : null}
                  </div>
                  <IconButton label={t('scim.remove_of', { name: token.name })} onClick={() => setRemoving(token)}>
                    <Trash2 size={16} aria-hidden="true" />
                  </IconButton>
                </li>
              ))}
            </ul>
          </div>
        </div>
      </Panel>
      <Panel title={t('scim.roles')} icon={UsersRound} i={1}>
        <ScimRoles />
      </Panel>
      {adding ? <AddToken onClose={() => setAdding(false)} /> : null}
      {removing ? <RemoveToken token={removing} onClose={() => setRemoving(null)} /> : null}
    </div>
  )
}

function AddToken({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => api.post('/api/admin/scim-tokens', { body: { name: name.trim() } }),
    onSuccess: () => client.invalidateQueries({ queryKey: tokenKeys.scim }),
  })
  if (add.data) {
    return (
      <SecretDialog title={t('scim.added')} lead={t('scim.added_lead')} value={add.data.secret} onClose={onClose}>
        <CopyLine label={t('scim.base')} value={add.data.base_url} />
      </SecretDialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('scim.add')} size="sm">
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('scim.name')}
          hint={t('scim.name_hint')}
          required
          maxLength={80}
          autoComplete="off"
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
            {t('scim.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function RemoveToken({ token, onClose }: { token: ScimToken; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/scim-tokens/{id}', { path: { id: token.id } }),
    onSuccess: () => {
      toast.success(t('scim.removed', { name: token.name }))
      return client.invalidateQueries({ queryKey: tokenKeys.scim })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('scim.remove_title', { name: token.name })}
      confirm={t('scim.remove')}
      busy={remove.isPending}
    >
      {t('scim.remove_text')}
    </ConfirmDialog>
  )
}
