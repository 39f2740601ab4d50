import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react'

export type TabItem = { id: string; label: string; count?: number; body: ReactNode }
type TabsProps = { items: readonly TabItem[]; value: string; onChange: (id: string) => void; label: string }

/** Tabs by the ARIA pattern: arrows, Home and End move and choose; only the chosen panel is mounted. */
export function Tabs({ items, value, onChange, label }: TabsProps) {
  const id = useId()
  const row = useRef<HTMLDivElement>(null)
  const shown = items.find((item) => item.id === value) ?? items[0]
  const chosen = shown?.id
  useEffect(() => {
    row.current?.querySelector(`[data-tab="${chosen}"]`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [chosen])
  const onKeyDown = (event: KeyboardEvent) => {
    const at = items.findIndex((item) => item.id === shown?.id)
    const forward = getComputedStyle(event.currentTarget).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const back = forward === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight'
    const steps: Record<string, number> = { [forward]: (at + 1) % items.length, [back]: at - 1, Home: 0, End: -1 }
    const next = items.at(steps[event.key] ?? Number.NaN)
    if (steps[event.key] === undefined || !next) return
    event.preventDefault()
    onChange(next.id)
    row.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus()
  }
  return (
    <div>
      <div
        ref={row}
        role="tablist"
        tabIndex={-1}
        aria-label={label}
        onKeyDown={onKeyDown}
        className="-mx-1 flex gap-1 overflow-x-auto border-b border-line px-1 [scrollbar-width:none]"
      >
        {items.map((item) => {
          const on = item.id === shown?.id
          return (
            <button
              key={item.id}
              type="button"
              role="tab"
              id={`${id}-${item.id}`}
              data-tab={item.id}
              aria-selected={on}
              aria-controls={on ? `${id}-panel` : undefined}
              tabIndex={on ? 0 : -1}
              onClick={() => onChange(item.id)}
              className={`relative flex h-11 shrink-0 items-center gap-1.5 px-3.5 text-[14px] font-medium transition-colors focus-visible:-outline-offset-2 ${on ? 'text-brand after:absolute after:inset-x-2 after:bottom-0 after:h-[2.5px] after:rounded-full after:bg-brand' : 'text-ink-2 hover:text-ink'}`}
            >
              {item.label}
              {item.count === undefined ? null : <span className="font-mono text-[11.5px] text-ink-3 tabular-nums">{item.count}</span>}
            </button>
          )
        })}
      </div>
      {shown ? (
        <div key={shown.id} role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown.id}`} className="tabpanel pt-5">
          {shown.body}
        </div>
      ) : null}
    </div>
  )
}
