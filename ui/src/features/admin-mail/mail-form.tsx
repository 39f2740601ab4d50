import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Server } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { signInKey } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import type { MailSettings } from '@/api/mail-queries'
import { keys } from '@/api/queries'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Segmented, Switch } from '@/components/field'
import { Panel } from '@/components/page'
import { PasswordField } from '@/components/password-field'
import { TextDrop } from '@/components/text-drop'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { type Draft, draftOf, EMPTY, isWhole, SECURITIES, toInput, withSecurity } from './mail-draft'

const FIELDS = ['host', 'port', 'user', 'password', 'sender', 'sender_name']
const PLAIN_TEXT = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const
const EXAMPLES = { host: 'smtp.example.org', sender: 'guildhall@example.org', pem: '-----BEGIN CERTIFICATE-----' } as const

type MailFormProps = { saved: MailSettings | null; draft: Draft; onChange: (draft: Draft) => void }

/** Where the mail server is, how the node signs in to it, and whose name stands on the mail. */
export function MailForm({ saved, draft, onChange }: MailFormProps) {
  const [removing, setRemoving] = useState(false)
  const client = useQueryClient()
  // Whether passwords can be reset by mail is known to the sign-in page.
  const reread = () => [keys.mail, signInKey].map((queryKey) => client.invalidateQueries({ queryKey }))
  const save = useMutation({
    mutationFn: () => api.put('/api/admin/mail', { body: toInput(draft) }),
    onSuccess: () => {
      toast.success(t('mail.saved'))
      return Promise.all(reread())
    },
  })
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/mail'),
    onSuccess: () => {
      toast.success(t('mail.removed'))
      return Promise.all(reread())
    },
    onError: toast.error,
    onSettled: () => setRemoving(false),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const changed = JSON.stringify(draft) !== JSON.stringify(saved ? draftOf(saved) : EMPTY)
  return (
    <Panel title={t('mail.server')} icon={Server}>
      <form onSubmit={submit} className="grid grid-cols-[minmax(0,1fr)] gap-5">
        <Connection draft={draft} onChange={onChange} wrong={wrong} />
        <Login draft={draft} onChange={onChange} wrong={wrong} />
        <Sender draft={draft} onChange={onChange} wrong={wrong} />
        <Switch
          label={t('mail.enabled')}
          note={t('mail.enabled_note')}
          checked={draft.enabled}
          onChange={(enabled) => onChange({ ...draft, enabled })}
        />
        <FormError error={save.error} fields={FIELDS} />
        <div className="flex flex-wrap justify-end gap-2.5 border-t border-line pt-5">
          {saved ? (
            <Button kind="danger" className="me-auto" onClick={() => setRemoving(true)}>
              {t('mail.remove')}
            </Button>
          ) : null}
          <Button type="submit" disabled={!isWhole(draft) || !changed || save.isPending}>
            {t('action.save')}
          </Button>
        </div>
      </form>
      <ConfirmDialog
        open={removing}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate()}
        title={t('mail.remove_title')}
        confirm={t('mail.remove')}
        busy={remove.isPending}
      >
        {t('mail.remove_text')}
      </ConfirmDialog>
    </Panel>
  )
}

type PartProps = { draft: Draft; onChange: (draft: Draft) => void; wrong: (field: string) => string | undefined }

function Connection({ draft, onChange, wrong }: PartProps) {
  const trouble = wrong('ca_pem') ?? wrong('security')
  return (
    <>
      <div className="grid justify-items-start gap-1.5">
        <p className="text-[13.5px] font-medium">{t('mail.security')}</p>
        <Segmented
          label={t('mail.security')}
          value={draft.security}
          onChange={(security) => onChange(withSecurity(draft, security))}
          items={SECURITIES.map((security) => [security, t(`mail.security.${security}`)] as const)}
        />
        <p className="text-[13px] text-ink-3">{t(`mail.security_note.${draft.security}`)}</p>
        {trouble ? (
          <p role="alert" className="text-[13px] text-danger">
            {trouble}
          </p>
        ) : null}
      </div>
      <div className="grid gap-5 sm:grid-cols-[minmax(0,1fr)_120px]">
        <Field
          {...PLAIN_TEXT}
          label={t('mail.host')}
          placeholder={EXAMPLES.host}
          required
          value={draft.host}
          error={wrong('host')}
          onChange={(event) => onChange({ ...draft, host: event.target.value })}
        />
        <Field
          label={t('mail.port')}
          inputMode="numeric"
          required
          value={draft.port}
          error={wrong('port')}
          onChange={(event) => onChange({ ...draft, port: event.target.value })}
        />
      </div>
      {draft.security === 'plain' ? null : (
        <details open={draft.ca_pem !== '' || wrong('ca_pem') !== undefined}>
          <summary className="w-fit cursor-pointer text-[14px] font-medium text-brand">{t('mail.ca_more')}</summary>
          <div className="mt-4">
            <TextDrop
              label={t('mail.ca')}
              hint={t('mail.ca_hint')}
              accept=".pem,.crt,.cer,.txt"
              rows={4}
              placeholder={EXAMPLES.pem}
              value={draft.ca_pem}
              onChange={(ca_pem) => onChange({ ...draft, ca_pem })}
            />
          </div>
        </details>
      )}
    </>
  )
}

const Login = ({ draft, onChange, wrong }: PartProps) => (
  <div className="grid items-start gap-5 sm:grid-cols-2">
    <Field
      {...PLAIN_TEXT}
      label={t('mail.user')}
      hint={t('mail.user_hint')}
      value={draft.user}
      error={wrong('user')}
      onChange={(event) => onChange({ ...draft, user: event.target.value })}
    />
    <div>
      <PasswordField
        label={t('mail.password')}
        autoComplete="new-password"
        disabled={draft.user.trim() === ''}
        placeholder={draft.has_password ? t('mail.password_kept') : undefined}
        value={draft.password}
        error={wrong('password')}
        onChange={(event) => onChange({ ...draft, password: event.target.value })}
      />
      <p className="mt-1.5 text-[13px] text-ink-3">{t('mail.password_hint')}</p>
    </div>
  </div>
)

const Sender = ({ draft, onChange, wrong }: PartProps) => (
  <div className="grid items-start gap-5 sm:grid-cols-2">
    <Field
      label={t('mail.sender')}
      hint={t('mail.sender_hint')}
      type="email"
      autoComplete="off"
      placeholder={EXAMPLES.sender}
      required
      value={draft.sender}
      error={wrong('sender')}
      onChange={(event) => onChange({ ...draft, sender: event.target.value })}
    />
    <Field
      label={t('mail.sender_name')}
      hint={t('mail.sender_name_hint')}
      autoComplete="off"
      maxLength={80}
      value={draft.sender_name}
      error={wrong('sender_name')}
      onChange={(event) => onChange({ ...draft, sender_name: event.target.value })}
    />
  </div>
)
