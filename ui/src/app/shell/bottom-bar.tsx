import { Link, useRouterState } from '@tanstack/react-router'
import { Menu } from 'lucide-react'
import { useSession } from '@/api/session'
import { t } from '@/lib/i18n'
import { navigation } from './nav'

const look = (on: boolean) =>
  `relative grid h-14 flex-1 place-items-center content-center gap-0.5 text-[11.5px] font-medium ${on ? 'text-brand' : 'text-ink-2'}`

/** The main pages at thumb height, on narrow screens only. */
export function BottomBar({ onMenu }: { onMenu: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const items = navigation(useSession())
    .flat()
    .filter((item) => item.phone)
  return (
    <nav
      aria-label={t('nav.quick')}
      className="quick-bar glass fixed inset-x-0 bottom-0 z-20 flex border-x-0 border-b-0 px-1 pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      {items.map((item) => {
        const on = item.on(path)
        return (
          <Link key={item.key} to={item.to} aria-current={on ? 'page' : undefined} className={look(on)}>
            <item.icon size={20} strokeWidth={on ? 2.3 : 1.8} aria-hidden="true" />
            {t(item.phoneKey ?? item.key)}
          </Link>
        )
      })}
      <button type="button" onClick={onMenu} className={look(false)}>
        <Menu size={20} aria-hidden="true" />
        {t('nav.menu')}
      </button>
    </nav>
  )
}
