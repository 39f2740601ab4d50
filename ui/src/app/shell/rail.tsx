import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { queries } from '@/api/queries'
import { useSession } from '@/api/session'
import { Wordmark } from '@/components/logo'
import { t } from '@/lib/i18n'
import { navigation } from './nav'

/** The floating glass rail; a drawer below 1024 px. */
export function Rail({ open, onClose }: { open: boolean; onClose: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const groups = navigation(useSession())
  const rail = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!open) return
    const opener = document.activeElement
    rail.current?.querySelector('a')?.focus()
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose()
    addEventListener('keydown', onKey)
    return () => {
      removeEventListener('keydown', onKey)
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [open, onClose])
  return (
    <aside
      ref={rail}
      className={`${open ? '' : 'max-lg:invisible max-lg:-translate-x-[110%] max-lg:rtl:translate-x-[110%]'} pane max-lg:bg-surface fixed inset-y-3 start-3 z-40 flex w-[232px] flex-col rounded-[24px] p-3 shadow-[var(--sh-2)] transition-[translate,visibility] duration-300 lg:sticky lg:start-0 lg:top-3 lg:h-[calc(100dvh-24px)]`}
    >
      <div className="px-2 pt-1.5 pb-5">
        <Wordmark size={30} />
      </div>
      <nav aria-label={t('nav.main')} className="flex flex-1 flex-col gap-4 overflow-y-auto">
        {groups.map((group, index) => (
          <ul key={index} className="grid gap-0.5">
            {group.map((item) => {
              const on = item.on(path)
              return (
                <li key={item.key}>
                  <Link
                    to={item.to}
                    onClick={onClose}
                    aria-current={on ? 'page' : undefined}
                    title={t('nav.go', { letter: item.letter })}
                    className={`group relative flex h-10 items-center gap-3 rounded-[13px] px-3 text-[14px] font-medium transition-colors ${on ? 'text-brand' : 'text-ink-2 hover:bg-surface-2/70 hover:text-ink'}`}
                  >
                    {on ? <span className="absolute inset-0 rounded-[13px] bg-brand-soft [view-transition-name:nav-pill]" /> : null}
                    <item.icon size={18} strokeWidth={on ? 2.2 : 1.8} className="relative" aria-hidden="true" />
                    <span className="relative">{t(item.key)}</span>
                  </Link>
                </li>
              )
            })}
          </ul>
        ))}
      </nav>
      <Capacity />
    </aside>
  )
}

/** How many employees are answering right now, out of those hired. */
function Capacity() {
  const { data } = useQuery(queries.ves('active'))
  if (!data) return null
  const all = data.items.length
  const busy = data.items.filter((employee) => employee.busy).length
  return (
    <div className="mt-3 rounded-[16px] border border-line bg-surface/70 p-3">
      <div className="flex items-center justify-between text-[12px] text-ink-2">
        <span>{t('capacity.title')}</span>
        <b className="font-mono font-medium text-ink tabular-nums">
          {busy}/{all}
        </b>
      </div>
      <div className="mt-2 h-1.5 overflow-hidden rounded-full bg-surface-2">
        <div className="bar h-full rounded-full" style={{ transform: `scaleX(${all > 0 ? busy / all : 0})` }} />
      </div>
      <p className="mt-2 text-[12px] leading-snug text-ink-3">{all === 0 ? t('capacity.none') : t('capacity.note', { busy, all })}</p>
    </div>
  )
}
