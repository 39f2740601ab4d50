import '@/lib/i18n/en/palette'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { CornerDownLeft, type LucideIcon, Search, UserRound } from 'lucide-react'
import { type KeyboardEvent, useDeferredValue, useState } from 'react'
import { queries } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Hue } from '@/api/types'
import { agentIcon } from '@/components/agent-icon'
import { KeyHint } from '@/components/button'
import { Modal } from '@/components/dialog'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'
import { navigation } from './nav'

type Entry = { id: string; to: string; label: string; note: string; shortcut?: string; icon: LucideIcon; hue?: Hue }
const ENTRIES_MAX = 8
/** Below this many letters the marketplace is not asked. */
const SEARCH_LENGTH_MIN = 2

/** Pages, then the employees of the team, then agents of the marketplace that match. */
function useEntries(query: string): Entry[] {
  const session = useSession()
  const search = useDeferredValue(query.trim())
  const team = useQuery(queries.ves('active'))
  const market = useInfiniteQuery({ ...queries.agents({ q: search }), enabled: search.length >= SEARCH_LENGTH_MIN })
  const pages = navigation(session)
    .flat()
    .map(
      (item): Entry => ({
        id: item.key.replace('.', '-'),
        to: item.to,
        label: t(item.key),
        note: t('palette.page'),
        shortcut: `g ${item.letter}`,
        icon: item.icon,
      }),
    )
  const account: Entry = { id: 'account', to: '/account', label: t('nav.account'), note: t('palette.page'), icon: UserRound }
  const employees = (team.data?.items ?? []).map(
    (employee): Entry => ({
      id: employee.id,
      to: `/chat/${employee.id}`,
      label: employee.persona_name,
      note: employee.agent.name,
      icon: agentIcon(employee.agent.icon),
      hue: employee.agent.hue,
    }),
  )
  const found = search.length < SEARCH_LENGTH_MIN ? [] : (market.data?.pages[0]?.items ?? [])
  const agents = found.map(
    (agent): Entry => ({
      id: agent.id,
      to: `/agents/${agent.slug}`,
      label: agent.name,
      note: t('palette.agent'),
      icon: agentIcon(agent.icon),
      hue: agent.hue,
    }),
  )
  const matches = [...employees, ...pages, account].filter((entry) =>
    `${entry.label} ${entry.note}`.toLowerCase().includes(search.toLowerCase()),
  )
  return [...matches, ...agents].slice(0, ENTRIES_MAX)
}

/** The input keeps focus; the active row is announced through `aria-activedescendant`. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  const entries = useEntries(query)
  const pick = (entry: Entry | undefined) => {
    if (!entry) return
    onClose()
    void navigate({ to: entry.to })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') pick(entries[active])
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    setActive((at) => Math.max(0, Math.min(entries.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1))))
  }
  return (
    <Modal
      label={t('palette.title')}
      onClose={onClose}
      className="palette w-[min(640px,92vw)] rounded-[22px] border border-line bg-surface text-ink shadow-[var(--sh-3)]"
    >
      <div className="beam rounded-[22px]">
        <div className="flex items-center gap-3 border-b border-line px-5">
          <Search size={18} className="text-brand" aria-hidden="true" />
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant={entries[active] ? `palette-${entries[active].id}` : undefined}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value)
              setActive(0)
            }}
            onKeyDown={onKeyDown}
            placeholder={t('palette.placeholder')}
            aria-label={t('palette.placeholder')}
            className="h-14 flex-1 bg-transparent text-[16px] outline-none placeholder:text-ink-3"
          />
        </div>
        <div id="palette-list" role="listbox" aria-label={t('palette.results')} className="max-h-[52vh] overflow-y-auto p-2">
          {entries.map((entry, index) => (
            <Row key={entry.id} entry={entry} active={index === active} onHover={() => setActive(index)} onPick={() => pick(entry)} />
          ))}
        </div>
        {entries.length === 0 ? <p className="px-5 pb-8 text-center text-[14px] text-ink-2">{t('palette.none', { query })}</p> : null}
      </div>
    </Modal>
  )
}

function Row({ entry, active, onHover, onPick }: { entry: Entry; active: boolean; onHover: () => void; onPick: () => void }) {
  return (
    <button
      type="button"
      id={`palette-${entry.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      onMouseMove={onHover}
      onClick={onPick}
      className={`flex w-full items-center gap-3 rounded-[14px] px-3 py-2.5 text-start ${active ? 'bg-brand-soft' : ''}`}
    >
      {entry.hue ? (
        <Orb hue={entry.hue} size={30} icon={entry.icon} />
      ) : (
        <span className="grid size-[30px] place-items-center rounded-[10px] bg-surface-2 text-ink-2">
          <entry.icon size={16} aria-hidden="true" />
        </span>
      )}
      <span className="min-w-0 flex-1 truncate text-[14px]">
        <b className="font-medium">{entry.label}</b> <span className="text-ink-2">{entry.note}</span>
      </span>
      {entry.shortcut ? <KeyHint k={entry.shortcut} /> : null}
      {active ? <CornerDownLeft size={15} className="text-brand" aria-hidden="true" /> : null}
    </button>
  )
}
