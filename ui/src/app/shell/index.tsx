import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useRouter, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { followEvents } from '@/api/events'
import { can, useSession, useSessionEnded } from '@/api/session'
import { announce, LiveAnnouncer } from '@/components/announcer'
import { Backdrop } from '@/components/backdrop'
import { Toaster } from '@/components/toast'
import { t } from '@/lib/i18n'
import { BottomBar } from './bottom-bar'
import { LostBanner } from './connection-chip'
import { navigation } from './nav'
import { Rail } from './rail'
import { useShortcuts } from './shortcuts'
import { TopBar } from './top-bar'

const Palette = lazy(() => import('./palette'))
const LicenseBanner = lazy(() => import('./license-banner'))
const ShortcutSheet = lazy(() => import('./shortcut-sheet'))

/** The frame around every page of a signed-in person: rail, top bar, phone bar, palette. */
export function Shell() {
  const client = useQueryClient()
  const session = useSession()
  const [drawer, setDrawer] = useState(false)
  const [layer, setLayer] = useState<'palette' | 'sheet' | null>(null)
  const open = useMemo(() => ({ palette: () => setLayer('palette'), sheet: () => setLayer('sheet') }), [])
  const closeDrawer = useCallback(() => setDrawer(false), [])
  const items = useMemo(() => navigation(session).flat(), [session])
  const path = useRouterState({ select: (state) => state.location.pathname })
  useShortcuts(items, open)
  const hears = can(session, 'events.read')
  useEffect(() => (hears ? followEvents(client) : undefined), [client, hears])
  useEffect(() => announceNextTitle(path), [path])
  useLeaveWhenEnded()
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
        <Rail open={drawer} onClose={closeDrawer} />
        {drawer ? (
          <button type="button" aria-label={t('nav.close')} className="fixed inset-0 z-30 bg-black/40 lg:hidden" onClick={closeDrawer} />
        ) : null}
        <div className="flex min-w-0 flex-1 flex-col" inert={drawer}>
          <TopBar onPalette={open.palette} onShortcuts={open.sheet} />
          <main id="main" tabIndex={-1} className="min-w-0 flex-1 px-4 pt-6 pb-24 outline-none lg:px-3 lg:pb-10">
            <LostBanner />
            <Suspense>{can(session, 'license.read') ? <LicenseBanner /> : null}</Suspense>
            <Outlet />
          </main>
        </div>
      </div>
      <BottomBar onMenu={() => setDrawer(true)} />
      <Toaster />
      <LiveAnnouncer />
      <Suspense>
        {layer === 'palette' ? <Palette onClose={() => setLayer(null)} /> : null}
        {layer === 'sheet' ? <ShortcutSheet items={items} onClose={() => setLayer(null)} /> : null}
      </Suspense>
    </>
  )
}

/** Leads to sign-in, and back to this page afterwards, once the session has ended. */
function useLeaveWhenEnded() {
  const ended = useSessionEnded()
  const router = useRouter()
  useEffect(() => {
    if (ended) void router.navigate({ to: '/signin', search: { next: router.state.location.href, ended: 'session' }, replace: true })
  }, [ended, router])
}

/** Long enough for the new page to have set its title. */
const TITLE_MS = 300
let announced: string | undefined
/** A change of page is silent for screen readers unless it is said: the title of the document is what they know a page by. */
function announceNextTitle(path: string) {
  const first = announced === undefined
  if (announced === path) return
  announced = path
  if (first) return
  const timer = setTimeout(() => announce(document.title), TITLE_MS)
  return () => clearTimeout(timer)
}
