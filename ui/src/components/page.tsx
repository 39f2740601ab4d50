import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Orb } from './orb'
import { PageTitle } from './page-title'

export function PageHeader({ title, children, actions }: { title: ReactNode; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="rise mb-6 flex flex-wrap items-end gap-x-6 gap-y-4 px-1">
      {typeof title === 'string' ? <PageTitle>{title}</PageTitle> : null}
      <div className="min-w-0 flex-1 basis-[320px]">
        <h1 className="font-display text-[32px] leading-[1.1] font-semibold tracking-[-.035em] text-balance">{title}</h1>
        {children ? <p className="mt-2 max-w-[84ch] text-[15px] text-pretty text-ink-2">{children}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2.5">{actions}</div> : null}
    </div>
  )
}

type PanelProps = {
  title?: ReactNode
  icon?: LucideIcon
  end?: ReactNode
  children: ReactNode
  className?: string
  i?: number
  pad?: boolean
}
/** A titled surface. `i` staggers its entry among its neighbours. */
export function Panel({ title, icon: Icon, end, children, className = '', i = 0, pad = true }: PanelProps) {
  return (
    <section className={`panel ${pad ? 'p-5' : ''} ${className}`} style={{ '--i': i }}>
      {title ? (
        <header className={`flex flex-wrap items-center gap-x-3 gap-y-2 ${pad ? 'mb-4' : 'px-5 pt-5 pb-4'}`}>
          {Icon ? <Icon size={18} className="text-brand" aria-hidden="true" /> : null}
          <h2 className="font-display text-[18px] leading-tight font-semibold tracking-[-.015em]">{title}</h2>
          {end ? <div className="ms-auto flex items-center gap-2">{end}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  )
}

const DIGITS = '0123456789'.split('')
/** Digits roll to their value once. Screen readers get the plain text. */
export function Odometer({ value }: { value: string }) {
  return (
    <span className="tabular-nums">
      <span className="sr-only">{value}</span>
      <span className="odo" aria-hidden="true">
        {[...value].map((char, k) =>
          /\d/.test(char) ? (
            <i key={k} style={{ '--d': Number(char), '--k': k }}>
              <span style={{ transform: `translateY(${-1.1 * Number(char)}em)` }}>
                {DIGITS.map((digit) => (
                  <em key={digit}>{digit}</em>
                ))}
              </span>
            </i>
          ) : (
            <i key={k}>{char === ' ' ? '\u00a0' : char}</i>
          ),
        )}
      </span>
    </span>
  )
}

export function Stat({ value, label, note }: { value: string; label: string; note?: ReactNode }) {
  return (
    <div className="flex flex-col-reverse justify-end">
      <dt className="text-[13px] text-ink-2">
        {label}
        {note ? <span className="block text-[12.5px] text-ink-3">{note}</span> : null}
      </dt>
      <dd className="mb-1 font-display text-[26px] leading-none font-semibold tracking-tight">
        <Odometer value={value} />
      </dd>
    </div>
  )
}

type EmptyProps = { title: string; children?: ReactNode; action?: ReactNode; heading?: boolean }
/** One orb, one sentence, one action. `heading` where it is all there is on the page. */
export function EmptyState({ title, children, action, heading = false }: EmptyProps) {
  const Title = heading ? 'h1' : 'p'
  return (
    <div className="grid justify-items-center gap-3 px-6 py-14 text-center">
      <Orb hue="magenta" size={72} />
      <Title className="mt-2 font-display text-[20px] font-semibold tracking-[-.015em] text-balance">{title}</Title>
      {children ? <p className="max-w-[46ch] text-ink-2">{children}</p> : null}
      {action ? <div className="mt-2">{action}</div> : null}
    </div>
  )
}
