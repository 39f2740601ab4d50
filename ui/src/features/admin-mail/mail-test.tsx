import { useMutation } from '@tanstack/react-query'
import { AtSign, FlaskConical, ShieldCheck } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { useSession } from '@/api/session'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Panel } from '@/components/page'
import { TestSteps } from '@/components/test-steps'
import { t } from '@/lib/i18n'
import { type Draft, isWhole, toInput } from './mail-draft'

/** Sends one real mail with what stands in the form, and shows each step. */
export function MailTest({ draft }: { draft: Draft }) {
  const { person } = useSession()
  const [to, setTo] = useState(person.email)
  const test = useMutation({
    mutationFn: () => api.post('/api/admin/mail/test', { body: { ...toInput(draft), to: to.trim() } }),
    onSuccess: (result) => announce(t(result.ok ? 'mail.test_passed' : 'mail.test_failed')),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    test.mutate()
  }
  const done = test.data && !test.isPending ? test.data : undefined
  return (
    <Panel title={t('mail.test_title')} icon={FlaskConical} i={2}>
      <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('mail.test_lead')}</p>
      <form onSubmit={submit} className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Field
          label={t('mail.test_to')}
          icon={AtSign}
          type="email"
          autoComplete="off"
          required
          value={to}
          error={isApiError(test.error) ? test.error.field('to') : undefined}
          onChange={(event) => setTo(event.target.value)}
        />
        <Button type="submit" kind="outline" className="justify-self-start" disabled={!isWhole(draft) || test.isPending}>
          <FlaskConical size={17} aria-hidden="true" />
          {t('mail.test')}
        </Button>
        <FormError error={test.error} fields={['to']} />
      </form>
      {test.isPending || done ? (
        <div className="mt-4 rounded-[18px] border border-line bg-surface-2/50 p-4 sm:p-5">
          {done ? (
            <p className={`mb-4 flex items-center gap-2 text-[15px] font-semibold ${done.ok ? 'text-success' : 'text-danger'}`}>
              {done.ok ? <ShieldCheck size={18} aria-hidden="true" /> : null}
              {t(done.ok ? 'mail.test_passed' : 'mail.test_failed')}
            </p>
          ) : null}
          <TestSteps key={test.submittedAt} steps={done?.steps} busy={test.isPending} label={t('mail.test_steps')} keyOf={keyOf} />
        </div>
      ) : null}
    </Panel>
  )
}

const keyOf = (name: string) => `mail.step.${name}`
