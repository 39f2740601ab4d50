import { Check, CircleDashed, CirclePause, LoaderCircle, type LucideIcon, Radio, ShieldCheck, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { t } from '@/lib/i18n'

export type State = 'running' | 'waiting' | 'done' | 'failed' | 'paused' | 'queued' | 'verified'
const LOOK: Record<State, readonly [LucideIcon, string]> = {
  running: [Radio, 'text-cyan bg-cyan/12'],
  waiting: [LoaderCircle, 'text-warn bg-warn/13'],
  done: [Check, 'text-success bg-success/12'],
  failed: [X, 'text-danger bg-danger/12'],
  paused: [CirclePause, 'text-ink-2 bg-surface-2'],
  queued: [CircleDashed, 'text-ink-2 bg-surface-2'],
  verified: [ShieldCheck, 'text-info bg-info/12'],
}

/** Colour never stands alone: every pill has an icon (or a live dot) and a word. */
export function StatusPill({ state, children }: { state: State; children?: ReactNode }) {
  const [Icon, look] = LOOK[state]
  return (
    <span className={`inline-flex h-6.5 items-center gap-1.5 rounded-full px-2.5 text-[12.5px] font-medium whitespace-nowrap ${look}`}>
      {state === 'running' ? (
        <span className="pulse size-1.5 rounded-full bg-cyan" />
      ) : (
        <Icon size={13} strokeWidth={2.4} aria-hidden="true" />
      )}
      {children ?? t(`state.${state}`)}
    </span>
  )
}
