import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AtSign, Building2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Switch } from '@/components/field'
import { Secret } from '@/components/secret'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'

const FIELDS = ['name', 'administrator_email']

/** Makes an organisation with somebody who administers it; the link for somebody new is shown once. */
export function AddOrganisation({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [join, setJoin] = useState(false)
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => {
      const administrator = email.trim()
      const body = { name: name.trim(), join, ...(administrator ? { administrator_email: administrator } : {}) }
      return api.post('/api/admin/organisations', { body })
    },
    onSuccess: async (added) => {
      await Promise.all([client.invalidateQueries({ queryKey: keys.organisations }), client.invalidateQueries({ queryKey: keys.session })])
      if (added.invitation) return
      toast.success(t('organisations.added', { name: added.name }))
      onClose()
    },
  })
  if (add.data?.invitation) {
    const { invitation, url, mailed } = add.data.invitation
    const words = { email: invitation.email ?? email, when: formatDateTime(invitation.expires_at) }
    return (
      <Dialog
        open
        onClose={onClose}
        title={t('organisations.invited', { name: add.data.name })}
        lead={t(mailed ? 'organisations.mailed_lead' : 'organisations.invited_lead', words)}
      >
        <Secret value={new URL(url, window.location.origin).href} warning={t('people.invitations.once')} />
        <DialogActions>
          <Button onClick={onClose}>{t('people.done')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  const error = isApiError(add.error) ? add.error : undefined
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
          error={error?.field('name')}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={t('organisations.administrator')}
          hint={t('organisations.administrator_hint')}
          icon={AtSign}
          type="email"
          autoComplete="off"
          required={!join}
          value={email}
          error={error?.field('administrator_email')}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Switch label={t('organisations.join')} note={t('organisations.join_note')} checked={join} onChange={setJoin} />
        <FormError error={add.error} fields={FIELDS} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || (email.trim() === '' && !join) || add.isPending}>
            {t('organisations.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
