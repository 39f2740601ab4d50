import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AtSign, User, UserRound } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Session } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

export function Profile() {
  const { person } = useSession()
  const [name, setName] = useState(person.display_name)
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (display_name: string) => api.patch('/api/account', { body: { display_name } }),
    onSuccess: (saved) => {
      client.setQueryData<Session | null>(keys.session, (session) => session && { ...session, person: saved })
      void client.invalidateQueries({ queryKey: keys.people })
      toast.success(t('account.profile.saved'))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(name.trim())
  }
  const error = isApiError(save.error) ? save.error : undefined
  const changed = name.trim() !== '' && name.trim() !== person.display_name
  return (
    <Panel title={t('account.profile.title')} icon={UserRound}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('account.profile.name')}
          hint={t('account.profile.name_hint')}
          icon={User}
          autoComplete="name"
          required
          maxLength={120}
          value={name}
          error={error?.field('display_name')}
          onChange={(event) => setName(event.target.value)}
        />
        <Field label={t('account.profile.email')} hint={t('account.profile.email_hint')} icon={AtSign} value={person.email} readOnly />
        <FormError error={save.error} fields={['display_name']} />
        <Button type="submit" className="justify-self-start" disabled={!changed || save.isPending}>
          {t('action.save')}
        </Button>
      </form>
    </Panel>
  )
}
