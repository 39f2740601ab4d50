import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { AtSign } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { accountQueries } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { type NewInvitation, peopleKeys } from '@/api/people-queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select, Switch } from '@/components/field'
import { Secret } from '@/components/secret'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { RoleChoice } from './role-choice'
import { useRoles } from './use-roles'

const DAYS = ['1', '7', '30'] as const

/** Makes a link that lets one person in, and shows it once. */
export function Invite({ to = '', onClose }: { to?: string; onClose: () => void }) {
  const roles = useRoles()
  const [email, setEmail] = useState(to)
  const [role, setRole] = useState('normal')
  const [byMail, setByMail] = useState(true)
  const { data: ways } = useQuery(accountQueries.signIn())
  const [days, setDays] = useState<(typeof DAYS)[number]>('7')
  const client = useQueryClient()
  const invite = useMutation({
    mutationFn: (body: NewInvitation) => api.post('/api/admin/invitations', { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: peopleKeys.invitations }),
  })
  if (invite.data) {
    const { invitation, url, mailed } = invite.data
    const when = formatDateTime(invitation.expires_at)
    return (
      <Dialog
        open
        onClose={onClose}
        title={t('people.invitations.made')}
        lead={
          invitation.email
            ? t(mailed ? 'people.invitations.mailed' : 'people.invitations.made_for', { email: invitation.email, when })
            : t('people.invitations.made_any', { when })
        }
      >
        <Secret value={absolute(url)} warning={t('people.invitations.once')} />
        <DialogActions>
          <Button onClick={onClose}>{t('people.done')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const address = email.trim()
    invite.mutate({ role, expires_in_days: Number(days), ...(address ? { email: address, send_mail: mails && byMail } : {}) })
  }
  const mails = ways?.password_reset === true
  const error = isApiError(invite.error) ? invite.error : undefined
  return (
    <Dialog open onClose={onClose} title={t('people.invite')} lead={t('people.invitations.lead')}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('people.invitations.email')}
          hint={t('people.invitations.email_hint')}
          icon={AtSign}
          type="email"
          autoComplete="off"
          value={email}
          error={error?.field('email')}
          onChange={(event) => setEmail(event.target.value)}
        />
        {mails && email.trim() !== '' ? (
          <Switch
            label={t('people.invitations.by_mail')}
            note={t('people.invitations.by_mail_note')}
            checked={byMail}
            onChange={setByMail}
          />
        ) : null}
        <RoleChoice roles={roles} value={role} onChange={setRole} />
        <Select
          label={t('people.invitations.days')}
          value={days}
          onChange={setDays}
          items={DAYS.map((value) => [value, t('people.invitations.days_value', { days: Number(value) })] as const)}
        />
        <FormError error={invite.error} fields={['email']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={invite.isPending}>
            {t('people.invitations.make')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

/** The node may not know by which name it is reached; this page does. */
const absolute = (url: string) => new URL(url, window.location.origin).href
