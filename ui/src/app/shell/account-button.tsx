import type { ComponentProps } from 'react'
import { useSession } from '@/api/session'
import { initials } from '@/components/avatar'
import { t } from '@/lib/i18n'

/** The face of the signed-in person, which opens the account menu. */
export function AccountButton(props: ComponentProps<'button'>) {
  const name = useSession().person.display_name
  return (
    <button
      type="button"
      aria-label={t('menu.account', { name })}
      aria-haspopup="menu"
      className="ms-1 grid size-10 shrink-0 place-items-center rounded-full bg-brand-fill font-display text-[13px] font-semibold text-white"
      {...props}
    >
      {initials(name)}
    </button>
  )
}
