import '@/lib/i18n/en/grants'
import { Check, Lightbulb, LoaderCircle, Minus, X } from 'lucide-react'
import type { TestStep } from '@/api/contract'
import { optional, t } from '@/lib/i18n'
import { formatDuration } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { Bone } from './skeleton'

/** Lines come in one after the other, in the order in which they were tried. */
const LINE_DELAY_MS = 140
const LOOK = {
  ok: [Check, 'bg-success/12 text-success'],
  failed: [X, 'bg-danger/12 text-danger'],
  skipped: [Minus, 'bg-surface-2 text-ink-3'],
} as const

const grantsKey = (name: string): string => `grants.step.${name}`
/** What a step is called: in our words where we have them, else as the node names it. */
export const stepName = (name: string, keyOf = grantsKey): string =>
  optional(keyOf(name)) ?? sentence(name.replaceAll('_', ' ')).slice(0, -1)

/** What was seen, as a sentence; an address, an e-mail or a host at its start keeps its letters. */
const seen = (detail: string): string => (/^\S*(?::\/\/|@|=|\.\w)/.test(detail) ? detail : sentence(detail))

/** `keyOf` says which message of the catalogue a step has, where it is none of the common ones. */
type TestStepsProps = { steps: readonly TestStep[] | undefined; label: string; busy?: boolean; keyOf?: (name: string) => string }
/** A test, line by line: what was tried, what was seen, how long it took, and what helps where it failed. */
export function TestSteps({ steps, label, busy = false, keyOf }: TestStepsProps) {
  if (busy) return <Busy />
  if (!steps) return null
  return (
    <ol aria-label={label} className="grid gap-3">
      {steps.map((step, index) => (
        <Line key={`${index}/${step.name}`} step={step} title={stepName(step.name, keyOf)} delay={index * LINE_DELAY_MS} />
      ))}
    </ol>
  )
}

function Line({ step, title, delay }: { step: TestStep; title: string; delay: number }) {
  const [Icon, tone] = LOOK[step.state]
  const failed = step.state === 'failed'
  return (
    <li className="rise flex items-start gap-3 text-[14px]" style={{ animationDelay: `${delay}ms` }}>
      <span className={`grid size-6 shrink-0 place-items-center rounded-full ${tone}`}>
        <Icon size={14} strokeWidth={2.8} role="img" aria-label={t(`grants.step_state.${step.state}`)} />
      </span>
      <div className="min-w-0 flex-1 pt-0.5">
        <p className={step.state === 'skipped' ? 'text-ink-3' : 'font-medium'}>{title}</p>
        {step.detail ? (
          <p className={`text-[13.5px] [overflow-wrap:anywhere] ${failed ? 'text-danger' : 'text-ink-2'}`}>{seen(step.detail)}</p>
        ) : null}
        {step.hint ? (
          <p className="mt-1.5 flex items-start gap-2 rounded-[12px] bg-warn/10 px-3 py-2 text-[13.5px] text-ink">
            <Lightbulb size={15} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
            <span className="min-w-0 [overflow-wrap:anywhere]">{sentence(step.hint)}</span>
          </p>
        ) : null}
      </div>
      {step.state === 'skipped' ? null : (
        <span className="pt-0.5 font-mono text-[12px] text-ink-3 tabular-nums">{formatDuration(step.milliseconds)}</span>
      )}
    </li>
  )
}

const Busy = () => (
  <div role="status" className="grid gap-3">
    <p className="flex items-center gap-2.5 text-[14px] text-ink-2">
      <LoaderCircle size={17} className="animate-spin text-brand" aria-hidden="true" />
      {t('grants.testing')}
    </p>
    {[0, 1, 2].map((row) => (
      <span key={row} className="flex items-center gap-3" aria-hidden="true">
        <Bone className="size-6 shrink-0 rounded-full" />
        <Bone className="h-3.5 w-2/5" />
      </span>
    ))}
  </div>
)
