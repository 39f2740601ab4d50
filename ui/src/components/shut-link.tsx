import '@/lib/i18n/en/entry'
import { Link } from '@tanstack/react-router'
import { Link2Off } from 'lucide-react'
import { t } from '@/lib/i18n'
import { btn } from './button'
import { DoorHeading } from './door'
import { PageTitle } from './page-title'
import { Bone } from './skeleton'

/** A link that does not open, and why. */
export function ShutLink({ title, text }: { title: string; text: string }) {
  return (
    <div role="alert" className="grid justify-items-center gap-4 text-center">
      <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
        <Link2Off size={36} strokeWidth={1.8} aria-hidden="true" />
      </span>
      <DoorHeading title={title}>{text}</DoorHeading>
      <Link to="/signin" className={btn('outline', 'lg', 'mt-3')}>
        {t('entry.to_signin')}
      </Link>
    </div>
  )
}

/** A link that is being looked at. */
export const CheckingLink = ({ title, label }: { title: string; label: string }) => (
  <div role="status" aria-label={label} className="grid gap-5">
    <PageTitle>{title}</PageTitle>
    <Bone className="h-8 w-4/5" />
    <Bone className="h-4 w-3/5" />
    <Bone className="mt-3 h-12 w-full" />
    <Bone className="h-12 w-full" />
  </div>
)
