import '@/lib/i18n/en/menus'
import { useQueryClient } from '@tanstack/react-query'
import {
  BadgeCheck,
  Ban,
  BookLock,
  Building2,
  ChartNoAxesColumn,
  FileClock,
  KeyRound,
  LogOut,
  type LucideIcon,
  Menu as MenuIcon,
  Moon,
  PenLine,
  Sun,
  Tags,
  UsersRound,
  Webhook,
} from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { LiveAnnouncer } from '@/components/announcer'
import { initials } from '@/components/avatar'
import { Backdrop } from '@/components/backdrop'
import { IconButton } from '@/components/button'
import { Wordmark } from '@/components/logo'
import { Toaster } from '@/components/toast'
import { type MessageKey, t } from '@/lib/i18n'
import { flipTheme, useTheme } from '@/lib/theme'
import { api, type Session } from './api/client'
import { Link, usePath } from './router'
import { can, type Permission, useSession } from './session'

type Item = { key: MessageKey; icon: LucideIcon; to: string; needs: Permission; phone?: boolean }

const VENDOR: readonly Item[][] = [
  [
    { key: 'portal.nav.licences', icon: BadgeCheck, to: '/', needs: 'licences.read', phone: true },
    { key: 'portal.nav.customers', icon: Building2, to: '/customers', needs: 'customers.read', phone: true },
    { key: 'portal.nav.plans', icon: Tags, to: '/plans', needs: 'catalogue.read' },
    { key: 'portal.nav.reports', icon: ChartNoAxesColumn, to: '/reports', needs: 'reports.read', phone: true },
  ],
  [
    { key: 'portal.nav.signing', icon: PenLine, to: '/signing', needs: 'signing.answer' },
    { key: 'portal.nav.revocations', icon: Ban, to: '/revocations', needs: 'licences.read' },
    { key: 'portal.nav.log', icon: BookLock, to: '/log', needs: 'log.read' },
  ],
  [
    { key: 'portal.nav.staff', icon: UsersRound, to: '/staff', needs: 'staff.manage' },
    { key: 'portal.nav.keys', icon: KeyRound, to: '/keys', needs: 'keys.manage' },
    { key: 'portal.nav.webhooks', icon: Webhook, to: '/webhooks', needs: 'webhooks.manage' },
    { key: 'portal.nav.audit', icon: FileClock, to: '/audit', needs: 'audit.read' },
  ],
]
const CUSTOMER: readonly Item[][] = [
  [
    { key: 'portal.nav.licences', icon: BadgeCheck, to: '/', needs: 'licences.read', phone: true },
    { key: 'portal.nav.reports', icon: ChartNoAxesColumn, to: '/reports', needs: 'reports.read', phone: true },
  ],
]

function navigation(session: Session): Item[][] {
  if (session.kind === 'portal') return CUSTOMER.map((group) => [...group])
  return VENDOR.map((group) => group.filter((item) => can(session, item.needs))).filter((group) => group.length > 0)
}
const isOn = (to: string, path: string) => (to === '/' ? path === '/' || path.startsWith('/licences/') : path.startsWith(to))

/** The frame around every page of the portals. */
export function Frame({ children }: { children: ReactNode }) {
  const [drawer, setDrawer] = useState(false)
  return (
    <>
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-4 focus:py-2"
      >
        {t('app.skip')}
      </a>
      <Backdrop />
      <div className="mx-auto flex min-h-dvh max-w-[1680px] lg:gap-2 lg:p-3">
        <Rail open={drawer} onClose={() => setDrawer(false)} />
        {drawer ? (
          <button
            type="button"
            aria-label={t('nav.close')}
            className="fixed inset-0 z-30 bg-black/40 lg:hidden"
            onClick={() => setDrawer(false)}
          />
        ) : null}
        <div className="flex min-w-0 flex-1 flex-col" inert={drawer}>
          <TopBar />
          <main id="main" tabIndex={-1} className="min-w-0 flex-1 px-4 pt-6 pb-24 outline-none lg:px-3 lg:pb-10">
            {children}
          </main>
        </div>
      </div>
      <BottomBar onMenu={() => setDrawer(true)} />
      <Toaster />
      <LiveAnnouncer />
    </>
  )
}

function Rail({ open, onClose }: { open: boolean; onClose: () => void }) {
  const path = usePath()
  const session = useSession()
  const rail = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!open) return
    rail.current?.querySelector('a')?.focus()
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose()
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [open, onClose])
  return (
    <aside
      ref={rail}
      className={`${open ? '' : 'max-lg:invisible max-lg:-translate-x-[110%] max-lg:rtl:translate-x-[110%]'} pane max-lg:bg-surface fixed inset-y-3 start-3 z-40 flex w-[232px] flex-col rounded-[24px] p-3 shadow-[var(--sh-2)] transition-[translate,visibility] duration-300 lg:sticky lg:start-0 lg:top-3 lg:h-[calc(100dvh-24px)]`}
    >
      <div className="px-2 pt-1.5 pb-5">
        <Wordmark size={30} />
        <p className="mt-1 text-[12.5px] text-ink-3">
          {session.kind === 'portal' ? t('portal.customer_portal') : t('portal.vendor_portal')}
        </p>
      </div>
      <nav aria-label={t('nav.main')} className="flex flex-1 flex-col gap-4 overflow-y-auto">
        {navigation(session).map((group, index) => (
          <ul key={index} className="grid gap-0.5">
            {group.map((item) => {
              const on = isOn(item.to, path)
              return (
                <li key={item.key}>
                  <Link
                    to={item.to}
                    onClick={onClose}
                    aria-current={on ? 'page' : undefined}
                    className={`relative flex h-10 items-center gap-3 rounded-[13px] px-3 text-[14px] font-medium transition-colors ${on ? 'bg-brand-soft text-brand' : 'text-ink-2 hover:bg-surface-2/70 hover:text-ink'}`}
                  >
                    <item.icon size={18} strokeWidth={on ? 2.2 : 1.8} aria-hidden="true" />
                    {t(item.key)}
                  </Link>
                </li>
              )
            })}
          </ul>
        ))}
      </nav>
      <p className="mt-3 rounded-[16px] border border-line bg-surface/70 p-3 text-[12px] leading-snug text-ink-3">
        {session.trust_root === 'development' ? t('portal.trust_development') : t('portal.trust_production')}
      </p>
    </aside>
  )
}

function TopBar() {
  const dark = useTheme() === 'dark'
  const session = useSession()
  const client = useQueryClient()
  const signOut = async () => {
    await api.delete('/api/session')
    client.clear()
    location.assign('/')
  }
  return (
    <header className="sticky top-0 z-20 flex h-16 items-center gap-2 px-4 lg:top-3 lg:px-3">
      <div className="glass absolute inset-0 -z-10 border-x-0 border-t-0 lg:rounded-[20px] lg:border" />
      <span className="grid size-10 shrink-0 place-items-center rounded-full bg-brand-fill font-display text-[13px] font-semibold text-white">
        {initials(session.name)}
      </span>
      <span className="min-w-0 leading-tight">
        <b className="block truncate text-[14px] font-semibold">{session.customer_name ?? session.name}</b>
        <span className="block truncate text-[12.5px] text-ink-2">{session.role ? t(`portal.role.${session.role}`) : session.name}</span>
      </span>
      <span className="ms-auto" />
      <IconButton label={dark ? t('theme.to_light') : t('theme.to_dark')} onClick={flipTheme}>
        {dark ? <Sun size={18} /> : <Moon size={18} />}
      </IconButton>
      <IconButton label={t('menu.sign_out')} onClick={() => void signOut()}>
        <LogOut size={18} />
      </IconButton>
    </header>
  )
}

const look = (on: boolean) =>
  `relative grid h-14 flex-1 place-items-center content-center gap-0.5 text-[11.5px] font-medium ${on ? 'text-brand' : 'text-ink-2'}`

/** The main pages at thumb height, on narrow screens only. */
function BottomBar({ onMenu }: { onMenu: () => void }) {
  const path = usePath()
  const items = navigation(useSession())
    .flat()
    .filter((item) => item.phone)
  return (
    <nav
      aria-label={t('nav.quick')}
      className="quick-bar glass fixed inset-x-0 bottom-0 z-20 flex border-x-0 border-b-0 px-1 pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      {items.map((item) => (
        <Link key={item.key} to={item.to} aria-current={isOn(item.to, path) ? 'page' : undefined} className={look(isOn(item.to, path))}>
          <item.icon size={20} aria-hidden="true" />
          {t(item.key)}
        </Link>
      ))}
      <button type="button" onClick={onMenu} className={look(false)}>
        <MenuIcon size={20} aria-hidden="true" />
        {t('nav.menu')}
      </button>
    </nav>
  )
}
