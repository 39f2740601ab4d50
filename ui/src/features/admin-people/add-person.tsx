import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AtSign, User } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { t } from '@/lib/i18n'
import { RoleChoice } from './role-choice'
import { TemporaryPassword } from './temporary-password'
import { useRoles } from './use-roles'

type Input = { email: string; display_name: string; role: string }

/** Adds a person with a temporary password, which is shown once. */
export function AddPerson({ onClose, onInvite }: { onClose: () => void; onInvite: (email: string) => void }) {
  const [input, setInput] = useState<Input>({ email: '', display_name: '', role: 'staff' })
  const roles = useRoles()
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: (body: Input) => api.post('/api/admin/people', { body }),
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: keys.people }), client.invalidateQueries({ queryKey: keys.overview })]),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(input)
  }
  // Somebody who has an account on this node already keeps their password.
  if (add.data?.temporary_password === null) {
    return (
      <Dialog open onClose={onClose} title={t('people.added_title', { name: add.data.member.display_name })} lead={t('people.added_known')}>
        <DialogActions>
          <Button onClick={onClose}>{t('people.done')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  if (add.data?.temporary_password) {
    const name = add.data.member.display_name
    return (
      <TemporaryPassword
        title={t('people.added_title', { name })}
        lead={t('people.added_lead', { name })}
        value={add.data.temporary_password}
        onClose={onClose}
      />
    )
  }
  const error = isApiError(add.error) ? add.error : undefined
  return (
    <Dialog open onClose={onClose} title={t('people.add')} lead={t('people.add_lead')}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('people.name')}
          icon={User}
          autoComplete="off"
          required
          maxLength={120}
          value={input.display_name}
          error={error?.field('display_name')}
          onChange={(event) => setInput((now) => ({ ...now, display_name: event.target.value }))}
        />
        <Field
          label={t('people.email')}
          icon={AtSign}
          type="email"
          autoComplete="off"
          required
          value={input.email}
          error={error?.field('email')}
          onChange={(event) => setInput((now) => ({ ...now, email: event.target.value }))}
        />
        <RoleChoice roles={roles} value={input.role} onChange={(role) => setInput((now) => ({ ...now, role }))} />
        <FormError error={add.error} fields={['display_name', 'email']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          {error?.code === 'invite_instead' ? (
            <Button onClick={() => onInvite(input.email)}>{t('people.invite_instead')}</Button>
          ) : (
            <Button type="submit" disabled={add.isPending}>
              {t('people.add_submit')}
            </Button>
          )}
        </DialogActions>
      </form>
    </Dialog>
  )
}
