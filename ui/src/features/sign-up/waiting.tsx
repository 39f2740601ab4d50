import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { btn } from '@/components/button'
import { DoorHeading } from '@/components/door'
import { Seal } from '@/components/seal'
import { t } from '@/lib/i18n'

/** One picture and what it means, with the way to sign-in. */
export function Centre({ art, title, children }: { art: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-4 text-center" role="status">
      {art}
      <DoorHeading title={title}>{children}</DoorHeading>
      <Link to="/signin" className={btn('outline', 'lg', 'mt-3')}>
        {t('entry.to_signin')}
      </Link>
    </div>
  )
}

/** An administrator has the next word. */
export const Waiting = ({ email }: { email?: string }) => (
  <Centre title={t('entry.signup.waiting_title')} art={<Seal size={112} />}>
    {email ? t('entry.signup.waiting', { email }) : t('entry.verify.waiting')}
  </Centre>
)

/** The person has the next word: a link lies in their mailbox. */
export const MailSent = ({ email }: { email: string }) => (
  <Centre
    title={t('entry.signup.mail_title')}
    art={
      <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
        <MailCheck size={36} strokeWidth={1.8} aria-hidden="true" />
      </span>
    }
  >
    {t('entry.signup.mail', { email })}
  </Centre>
)
