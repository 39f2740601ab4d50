import { useEffect, useState } from 'react'
import type { Citation, Message, Ve } from '@/api/types'
import { hueStyle } from '@/components/orb'
import { type State, StatusPill } from '@/components/status'
import { type RailStep, StepRail } from '@/components/steprail'
import { t } from '@/lib/i18n'
import { formatDuration } from '@/lib/i18n/format'
import { SOURCE_ICONS } from './citation-sheet'
import { DeskView } from './desk-view'
import { amount, answeredBy } from './figures'
import { isActive, type Run } from './run'

const TICK_MS = 100

type LiveRunProps = { ve: Ve; run: Run | undefined; answer: Message | null; onSource: (source: Citation) => void }

/** How the latest answer came about: the steps the node told, the sources, the figures. */
export function LiveRun({ ve, run, answer, onSource }: LiveRunProps) {
  const style = hueStyle(ve.agent.hue)
  if (!run && !answer) {
    return (
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <DeskView style={style} sources={[]} live={false} step={null} />
        <p className="text-[14px] text-pretty text-ink-2">{t('chat.run_none')}</p>
      </div>
    )
  }
  const own = run && run.phase !== 'refused' ? run : undefined
  const active = isActive(own)
  const sources = answer?.citations ?? []
  const step = active
    ? (own.steps.findLast((known) => known.state === 'running')?.label ?? (own.text ? t('chat.run_writing') : null))
    : null
  return (
    <div className="flex min-h-full flex-col gap-5">
      <div className="flex flex-wrap items-center gap-2.5">
        <Outcome run={own} answer={answer} />
        <span className="ms-auto font-mono text-[12.5px] text-ink-3 tabular-nums">
          <Elapsed run={own} answer={answer} />
        </span>
      </div>
      <p className="-mt-2 text-[13.5px] text-ink-2">
        {own?.mode || answer?.mode ? answeredBy(answer ?? own ?? ve.answering) : ve.answering.reason}
      </p>
      <Progress run={own} />
      {active || sources.length > 0 ? <DeskView style={style} sources={sources} live={active} step={step} /> : null}
      {own ? <Steps run={own} /> : <PastSteps answer={answer} />}
      <Sources answer={answer} live={active} onSource={onSource} />
      {answer?.usage && answer.timing_ms ? <Facts answer={answer} /> : null}
    </div>
  )
}

function Outcome({ run, answer }: { run: Run | undefined; answer: Message | null }) {
  const [state, words] = outcome(run, answer)
  return <StatusPill state={state}>{words}</StatusPill>
}
function outcome(run: Run | undefined, answer: Message | null): [State, string] {
  if (isActive(run)) return run.stopping ? ['running', t('chat.stopping')] : ['running', t('state.running')]
  if (run?.phase === 'lost') return ['failed', t('chat.run_lost')]
  if (answer?.state === 'stopped') return ['paused', t('chat.run_stopped')]
  return answer?.state === 'failed' ? ['failed', t('state.failed')] : ['done', t('state.done')]
}

/** Time that passes while the answer is written; the node's own figure afterwards. */
function Elapsed({ run, answer }: { run: Run | undefined; answer: Message | null }) {
  const active = isActive(run)
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!active) return
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [active])
  if (active) return formatDuration(Math.max(0, now - run.started_at))
  return answer?.timing_ms ? formatDuration(answer.timing_ms.total) : null
}

/** How many of the steps told so far are finished; the writing is always still to come. */
function Progress({ run }: { run: Run | undefined }) {
  const done = run?.steps.filter((step) => step.state === 'done').length ?? 0
  const part = isActive(run) ? (done + (run.text ? 0.5 : 0)) / (run.steps.length + 1) : 1
  return (
    <div className="h-1.5 shrink-0 overflow-hidden rounded-full bg-surface-2" aria-hidden="true">
      <div className={`bar h-full rounded-full ${isActive(run) ? 'moving' : ''}`} style={{ transform: `scaleX(${part})` }} />
    </div>
  )
}

/** The steps of an answer from an earlier visit, from the figures the node keeps with it. */
function PastSteps({ answer }: { answer: Message | null }) {
  if (!answer?.timing_ms || !answer.usage) return null
  const steps: RailStep[] = [
    { title: t('chat.past.turn'), note: t('chat.past.after', { time: formatDuration(answer.timing_ms.queue) }) },
    ...(answer.citations.length > 0
      ? [{ title: t('chat.past.searched'), note: t('chat.past.quoted', { count: answer.citations.length }) }]
      : []),
    { title: t('chat.past.wrote'), note: amount(answer.mode, answer.usage.output_tokens) },
  ]
  return <StepRail dense label={t('chat.run_steps')} steps={steps} at={answer.state === 'complete' ? steps.length : steps.length - 1} />
}

/** The steps as the node told them, and the writing itself as the last one. */
function Steps({ run }: { run: Run }) {
  const seen = new Map<string, number>()
  const told = run.steps.map((step) => {
    const times = (seen.get(step.label) ?? 0) + 1
    seen.set(step.label, times)
    return { title: times > 1 ? `${step.label} (${times})` : step.label, done: step.state === 'done' }
  })
  const writing = run.text ? [{ title: t('chat.run_writing'), done: run.phase === 'done' }] : []
  const steps = [...told, ...writing]
  if (steps.length === 0) return isActive(run) ? <p className="text-[13.5px] text-ink-2">{t('chat.run_waiting')}</p> : null
  const open = steps.findIndex((step) => !step.done)
  return <StepRail dense label={t('chat.run_steps')} steps={steps} at={open < 0 ? steps.length : open} />
}

function Sources({ answer, live, onSource }: { answer: Message | null; live: boolean; onSource: (source: Citation) => void }) {
  const citations = answer?.citations ?? []
  return (
    <section aria-label={t('chat.run_sources')}>
      <h3 className="mb-2 text-[14px] font-semibold">{t('chat.run_sources')}</h3>
      {citations.length === 0 ? (
        <p className="text-[13.5px] text-ink-2">{live ? t('chat.run_sources_later') : t('chat.run_no_sources')}</p>
      ) : null}
      <ul className="grid gap-2">
        {citations.map((citation) => {
          const Icon = SOURCE_ICONS[citation.source]
          return (
            <li key={citation.number}>
              <button
                type="button"
                onClick={() => onSource(citation)}
                className="flex w-full items-start gap-3 rounded-[16px] border border-line bg-surface p-3 text-start transition-colors hover:border-brand"
              >
                <span className="cite mt-0.5" aria-hidden="true">
                  {citation.number}
                </span>
                <span className="min-w-0 flex-1">
                  <b className="block truncate text-[14px] font-medium">{citation.title}</b>
                  <span className="mt-0.5 line-clamp-2 text-[13px] text-ink-2">{citation.quote}</span>
                  <span className="mt-1 flex items-center gap-1.5 text-[12px] text-ink-3">
                    <Icon size={12} aria-hidden="true" />
                    {citation.section ?? t(`chat.source.${citation.source}`)}
                  </span>
                </span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Facts({ answer }: { answer: Message }) {
  const { usage, timing_ms: timing, mode } = answer
  if (!usage || !timing) return null
  const rows: [string, string][] = [
    [t('chat.figure.read'), amount(mode, usage.input_tokens)],
    ...(usage.cached_tokens > 0 ? [[t('chat.figure.cached'), amount(mode, usage.cached_tokens)] satisfies [string, string]] : []),
    [t('chat.figure.written'), amount(mode, usage.output_tokens)],
    [t('chat.figure.queue'), formatDuration(timing.queue)],
    [t('chat.figure.first_label'), formatDuration(timing.first_token)],
    [t('chat.figure.total_label'), formatDuration(timing.total)],
  ]
  return (
    <dl aria-label={t('chat.figures')} className="mt-auto grid gap-1.5 border-t border-line pt-4 text-[13px]">
      {rows.map(([label, value]) => (
        <div key={label} className="flex justify-between gap-4">
          <dt className="text-ink-2">{label}</dt>
          <dd className="font-mono text-[12.5px] tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
