import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useSession } from '@/api/session'
import { t } from '@/lib/i18n'
import { adminPages } from './nav'

/** Whether a page, or one below it, is shown. */
const isOn = (path: string, page: string) => path === page || path.startsWith(`${page}/`)

/** The row of admin pages above each of them. */
export default function AdminTabs() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const pages = adminPages(useSession())
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    row.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [path])
  return (
    <>
      <nav
        ref={row}
        aria-label={t('nav.admin')}
        className="-mx-4 mb-6 flex gap-1 overflow-x-auto px-4 py-1 [scrollbar-width:none] lg:mx-0 lg:px-0"
      >
        {pages.map((page) => (
          <Link
            key={page.to}
            to={page.to}
            aria-current={isOn(path, page.to) ? 'page' : undefined}
            className={`shrink-0 rounded-full px-3 py-2 text-[14px] font-medium transition-colors ${isOn(path, page.to) ? 'bg-brand-fill text-white' : 'text-ink-2 hover:bg-surface-2 hover:text-ink'}`}
          >
            {t(page.key)}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  )
}
