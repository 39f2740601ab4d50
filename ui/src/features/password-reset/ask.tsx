import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, AtSign, LoaderCircle, MailCheck } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { Button, btn } from '@/components/button'
import { DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { useWait, Wait } from '@/components/wait'
import { t } from '@/lib/i18n'

/** Has a link sent. The answer is the same whether there is such an account or not. */
export function Ask() {
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => api.post('/api/password-reset', { body: { email: email.trim() } }) })
  const seconds = useWait(ask.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate()
  }
  if (ask.isSuccess) return <Sent email={email.trim()} />
  return (
    <>
      <DoorHeading title={t('reset.title')}>{t('reset.lead')}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <Field
          label={t('signin.email')}
          icon={AtSign}
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        {seconds > 0 ? <Wait seconds={seconds} /> : <FormError error={ask.error} />}
        <Button type="submit" size="lg" className="w-full" disabled={ask.isPending || seconds > 0}>
          {t('reset.ask')}
          {ask.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
        <Link to="/signin" className="w-fit text-[14px] font-medium text-brand underline-offset-4 hover:underline">
          {t('reset.back')}
        </Link>
      </form>
    </>
  )
}

const Sent = ({ email }: { email: string }) => (
  <div className="grid justify-items-center gap-4 text-center" role="status">
    <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
      <MailCheck size={36} strokeWidth={1.8} aria-hidden="true" />
    </span>
    <DoorHeading title={t('reset.sent_title')}>{t('reset.sent', { email })}</DoorHeading>
    <Link to="/signin" className={btn('outline', 'lg', 'mt-3')}>
      {t('entry.to_signin')}
    </Link>
  </div>
)
