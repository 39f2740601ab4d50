import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { FlaskConical } from 'lucide-react'
import { Door, DoorHeading } from '@/components/door'
import { t } from '@/lib/i18n'

/** A test of a sign-in has ended in this tab. Its result is on the page that opened it. */
export default function LoginTested() {
  return (
    <Door label={t('entry.tested_title')}>
      <div className="grid justify-items-center gap-4 text-center" role="status">
        <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
          <FlaskConical size={36} strokeWidth={1.8} aria-hidden="true" />
        </span>
        <DoorHeading title={t('entry.tested_title')}>{t('entry.tested')}</DoorHeading>
      </div>
    </Door>
  )
}
