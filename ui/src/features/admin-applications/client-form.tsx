import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Lock, Smartphone } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { type OauthClient, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button } from '@/components/button'
import { CheckList, ChoiceCards } from '@/components/choice-cards'
import { CopyLine } from '@/components/copy-line'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select, Textarea } from '@/components/field'
import { scopeItems } from '@/components/scope-words'
import { SecretDialog } from '@/components/secret-dialog'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import {
  type Draft,
  draftOf,
  emptyDraft,
  grantsFor,
  isWhole,
  needsAccount,
  needsAddress,
  toChange,
  toInput,
  withKind,
} from './client-draft'

/** Enters an application; its secret is shown once, its id whenever it is wanted. */
export function AddClient({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState(emptyDraft)
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => api.post('/api/admin/oauth-clients', { body: toInput(draft) }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: tokenKeys.clients })
      if (made.secret === null) toast.success(t('client.added', { name: made.client.name }))
    },
  })
  if (add.data?.secret) {
    return (
      <SecretDialog
        title={t('client.added', { name: add.data.client.name })}
        lead={t('client.secret_lead')}
        value={add.data.secret}
        onClose={onClose}
      >
        <CopyLine label={t('client.id')} value={add.data.client.id} />
      </SecretDialog>
    )
  }
  if (add.data) {
    return (
      <Dialog open onClose={onClose} title={t('client.added', { name: add.data.client.name })} lead={t('client.public_lead')}>
        <CopyLine label={t('client.id')} value={add.data.client.id} />
        <DialogActions>
          <Button onClick={onClose}>{t('client.done')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={t('client.add')} lead={t('client.add_lead')}>
      <Form draft={draft} onChange={setDraft} save={add} submit={t('client.add')} onClose={onClose} fresh />
    </Dialog>
  )
}

export function EditClient({ client: before, onClose }: { client: OauthClient; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(before))
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () => api.patch('/api/admin/oauth-clients/{id}', { path: { id: before.id }, body: toChange(draft) }),
    onSuccess: (saved) => {
      toast.success(t('client.saved', { name: saved.name }))
      onClose()
      return client.invalidateQueries({ queryKey: tokenKeys.clients })
    },
  })
  return (
    <Dialog open onClose={onClose} title={t('client.edit_title', { name: before.name })} lead={t(`client.kind.${before.kind}`)}>
      <Form draft={draft} onChange={setDraft} save={save} submit={t('action.save')} onClose={onClose} />
    </Dialog>
  )
}

type FormProps = {
  draft: Draft
  onChange: (draft: Draft) => void
  save: { mutate: () => void; isPending: boolean; error: unknown }
  submit: string
  onClose: () => void
  fresh?: boolean
}
function Form({ draft, onChange, save, submit, onClose, fresh = false }: FormProps) {
  const set = (part: Partial<Draft>) => onChange({ ...draft, ...part })
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={onSubmit} className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <Field
        label={t('client.name')}
        hint={t('client.name_hint')}
        required
        maxLength={80}
        autoComplete="off"
        value={draft.name}
        error={wrong('name')}
        onChange={(event) => set({ name: event.target.value })}
      />
      {fresh ? (
        <ChoiceCards
          label={t('client.kind')}
          value={draft.kind}
          onChange={(kind) => onChange(withKind(draft, kind))}
          items={[
            { value: 'confidential', title: t('client.kind.confidential'), note: t('client.kind_note.confidential'), icon: Lock },
            { value: 'public', title: t('client.kind.public'), note: t('client.kind_note.public'), icon: Smartphone },
          ]}
        />
      ) : null}
      <CheckList
        label={t('client.grants')}
        values={draft.grants}
        onChange={(grants) => set({ grants })}
        items={grantsFor(draft.kind).map((grant) => ({
          value: grant,
          title: t(`client.grant.${grant}`),
          note: t(`client.grant_note.${grant}`),
        }))}
      />
      {needsAddress(draft) ? (
        <div>
          <Textarea
            mono
            label={t('client.redirect_uris')}
            hint={t('client.redirect_uris_hint')}
            rows={3}
            required
            spellCheck={false}
            value={draft.redirect_uris}
            onChange={(event) => set({ redirect_uris: event.target.value })}
          />
          {wrong('redirect_uris') ? <p className="mt-1.5 text-[13px] text-danger">{wrong('redirect_uris')}</p> : null}
        </div>
      ) : null}
      {needsAccount(draft) ? (
        <AccountSelect value={draft.service_account} onChange={(service_account) => set({ service_account })} />
      ) : null}
      <CheckList label={t('client.scopes')} values={draft.scopes} onChange={(scopes) => set({ scopes })} items={scopesOf(draft)} />
      <FormError error={save.error} fields={['name', 'redirect_uris']} />
      <DialogActions>
        <Button kind="outline" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" disabled={!isWhole(draft) || save.isPending}>
          {submit}
        </Button>
      </DialogActions>
    </form>
  )
}

/** The usual ones, and any other the application has already. */
function scopesOf(draft: Draft): { value: string; title: string; note?: string }[] {
  const usual = scopeItems()
  const others = draft.scopes.filter((scope) => !usual.some((item) => item.value === scope)).map((value) => ({ value, title: value }))
  return [...usual, ...others]
}

function AccountSelect({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const { data, error } = useQuery(tokenQueries.serviceAccounts())
  const accounts = data?.items ?? []
  return (
    <>
      <Select
        label={t('client.account')}
        hint={data && accounts.length === 0 ? t('client.account_none') : t('client.account_hint')}
        value={value}
        onChange={onChange}
        items={[['', t('client.account_choose')], ...accounts.map((account) => [account.id, account.name] as const)]}
      />
      <FormError error={error} />
    </>
  )
}
