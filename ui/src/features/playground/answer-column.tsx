import { Award, Coins, Gauge, Hash, type LucideIcon, Square, Timer, TriangleAlert } from 'lucide-react'
import { type KeyboardEvent, lazy, Suspense } from 'react'
import type { PlaygroundAnswer, RatingInput } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { Markdown } from '@/components/markdown'
import { type State, StatusPill } from '@/components/status'
import { Thumbs } from '@/components/thumbs'
import { t } from '@/lib/i18n'
import { formatCredits, formatDuration, formatNumber } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { type LiveAnswer, type Place, paceOf } from './live'
import type { Column } from './use-run'

const MICRO = 1_000_000

const ThumbReason = lazy(() => import('@/components/thumb-reason'))

type ColumnProps = {
  column: Column
  number: number
  /** Whose run it is, when it is somebody else's. */
  owner: string | null
  isBest: boolean
  isFastest: boolean
  onKeyDown: (event: KeyboardEvent) => void
  onStop: () => void
  onRate: (input: RatingInput | null) => void
  onBest?: () => void
}

/** One model's answer: its words as they come, what it took, and what one thinks of it. */
export function AnswerColumn({ column, number, owner, isBest, isFastest, onKeyDown, onStop, onRate, onBest }: ColumnProps) {
  const { answer, live } = column
  const running = answer.state === 'running'
  const text = running ? (live?.text ?? '') : (answer.text ?? '')
  const written = answer.state === 'complete' || answer.state === 'stopped'
  const rateable = written && owner === null && text !== ''
  return (
    <li
      data-column={number}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the column takes focus so that its keys have a place
      tabIndex={0}
      aria-label={`${t('playground.column', { number })}: ${answer.model}`}
      onKeyDown={onKeyDown}
      className={`panel group/turn flex flex-col ${isBest ? 'shadow-[inset_0_0_0_1px_var(--brand)] !border-brand' : ''}`}
      style={{ '--i': number }}
    >
      <Head answer={answer} live={live} number={number} onStop={running && owner === null ? onStop : undefined} />
      <div className="min-h-32 flex-1 px-5 pb-4 text-[15px] leading-[1.65]">
        {owner && !running ? <p className="text-[14px] text-ink-2">{t('playground.hidden', { name: owner })}</p> : null}
        {text ? <Markdown text={text} live={running} /> : null}
        {written && owner === null && !text ? <p className="text-[14px] text-ink-2">{t('playground.empty_answer')}</p> : null}
        {answer.cut_off ? <p className="mt-3 text-[13px] text-ink-3">{t('playground.cut_off')}</p> : null}
        {answer.error ? (
          <p className="flex items-start gap-2 rounded-[14px] bg-danger/8 px-3.5 py-3 text-[13.5px] text-danger">
            <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
            {sentence(answer.error.message)}
          </p>
        ) : null}
      </div>
      <Figures answer={answer} live={live} isFastest={isFastest} />
      {rateable ? (
        <div className="border-t border-line px-4 py-2.5">
          <div className="flex flex-wrap items-center gap-1">
            <Thumbs rating={answer.rating} onRate={onRate} of={`${answer.model} ${number}`} />
            <CopyButton text={text} label={t('playground.copy_answer', { model: answer.model })} />
            {onBest ? (
              <Button kind={isBest ? 'brand' : 'quiet'} size="sm" aria-pressed={isBest} className="ms-auto" onClick={onBest}>
                <Award size={15} aria-hidden="true" />
                {t('playground.best')}
              </Button>
            ) : null}
          </div>
          {answer.rating ? (
            <Suspense fallback={null}>
              <ThumbReason rating={answer.rating} onRate={onRate} />
            </Suspense>
          ) : null}
        </div>
      ) : null}
    </li>
  )
}

const PILLS: Record<Exclude<PlaygroundAnswer['state'], 'running'>, State> = { complete: 'done', stopped: 'paused', failed: 'failed' }

function placeText({ position, estimate_ms }: Place): string {
  if (estimate_ms === null) return t('playground.queued', { position })
  return t('playground.queued.in', { position, seconds: Math.max(1, Math.ceil(estimate_ms / 1000)) })
}

type HeadProps = { answer: PlaygroundAnswer; live: LiveAnswer | undefined; number: number; onStop?: () => void }
function Head({ answer, live, number, onStop }: HeadProps) {
  const { temperature = 0.7, max_tokens = 512 } = answer.parameters
  const phase = live?.phase ?? 'waiting'
  return (
    <header className="flex flex-wrap items-start gap-x-3 gap-y-2 px-5 pt-4 pb-3">
      <span className="grid size-7 shrink-0 place-items-center rounded-full bg-brand-soft font-mono text-[12.5px] font-semibold text-brand">
        {number}
      </span>
      <div className="min-w-0 flex-1 basis-44">
        <h2 className="truncate text-[15.5px] leading-7 font-semibold">{answer.model}</h2>
        <p className="text-[12.5px] text-ink-3">
          {t('playground.parameters', { temperature: Math.round(temperature * 100) / 100, max_tokens })}
        </p>
      </div>
      {answer.state === 'running' ? (
        <StatusPill state={phase === 'writing' || phase === 'reading' ? 'running' : 'waiting'}>
          {phase === 'waiting' && live?.place ? placeText(live.place) : t(`playground.state.${phase}`)}
        </StatusPill>
      ) : (
        <StatusPill state={PILLS[answer.state]}>{t(`playground.state.${answer.state}`)}</StatusPill>
      )}
      {onStop ? (
        <IconButton label={t('playground.stop', { model: answer.model })} className="-my-1.5 -me-2 border border-field" onClick={onStop}>
          <Square size={13} className="fill-current" aria-hidden="true" />
        </IconButton>
      ) : null}
    </header>
  )
}

/** First token, speed, tokens and cost; while it writes, what is known of them. */
function Figures({ answer, live, isFastest }: { answer: PlaygroundAnswer; live: LiveAnswer | undefined; isFastest: boolean }) {
  const running = answer.state === 'running'
  const { first_token_ms, tokens_per_second, input_tokens, output_tokens, total_ms, cost_micro_credits } = answer.figures
  const speed = running ? (live ? paceOf(live) : null) : tokens_per_second
  const cost =
    running || cost_micro_credits === null
      ? '–'
      : cost_micro_credits === 0
        ? t('playground.figure.free')
        : t('playground.figure.credits', { amount: formatCredits(cost_micro_credits), count: cost_micro_credits / MICRO })
  const figures: [LucideIcon, string, string][] = [
    [Timer, t('playground.figure.first'), first_token_ms === null ? '–' : formatDuration(first_token_ms)],
    [Gauge, t('playground.figure.speed'), speed === null ? '–' : formatNumber(speed)],
    [
      Hash,
      t('playground.figure.tokens'),
      running ? `– / ${live?.pieces ?? 0}` : `${formatNumber(input_tokens)} / ${formatNumber(output_tokens)}`,
    ],
    [Coins, t('playground.figure.cost'), cost],
  ]
  return (
    <dl
      aria-label={t('playground.figures')}
      className="grid grid-cols-2 gap-x-4 gap-y-2.5 border-t border-line px-5 py-3.5 text-[12.5px]"
      title={running ? undefined : `${t('playground.figure.total')} ${formatDuration(total_ms)}`}
    >
      {figures.map(([Icon, label, value]) => (
        <div key={label} className="min-w-0">
          <dt className="text-ink-2">{label}</dt>
          <dd className="flex items-center gap-1.5 font-mono text-[14px] font-medium tabular-nums">
            <Icon size={14} className="shrink-0 text-ink-3" aria-hidden="true" />
            <span className="truncate">{value}</span>
            {isFastest && Icon === Gauge ? (
              <span className="rounded-full bg-cyan/12 px-2 py-px font-sans text-[12px] text-cyan">{t('playground.fastest')}</span>
            ) : null}
          </dd>
        </div>
      ))}
    </dl>
  )
}
