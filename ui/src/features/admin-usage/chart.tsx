import { t } from '@/lib/i18n'
import { measured, type Row, shownValue } from './rows'
import type { Grouping, Measure } from './search'

type ChartProps = { rows: readonly Row[]; by: Grouping; measure: Measure }
const BARS_MAX = 20

/** What the chart says, for those who do not see it; the table says the rest. */
function sentenceOf({ rows, by, measure }: ChartProps): string {
  const words = { title: t('usage.chart', { measure: t(`usage.measure.${measure}`), by }) }
  const most = rows.reduce<Row | undefined>(
    (best, row) => (best && measured(best, measure) >= measured(row, measure) ? best : row),
    undefined,
  )
  const all = rows.reduce((sum, row) => sum + measured(row, measure), 0)
  if (!most || all === 0) return t('usage.chart_empty', words)
  return t('usage.chart_sentence', {
    ...words,
    all: shownValue(all, measure),
    name: most.name,
    value: shownValue(measured(most, measure), measure),
  })
}

export function UsageChart(props: ChartProps) {
  return props.by === 'day' ? <Columns {...props} /> : <Bars {...props} />
}

/** Days as columns: the lower part of a token column was written, the upper read. */
function Columns(props: ChartProps) {
  const { rows, measure } = props
  const most = Math.max(1, ...rows.map((row) => measured(row, measure)))
  const marks = [rows[0], rows[Math.floor((rows.length - 1) / 2)], rows.at(-1)].filter((row) => row !== undefined)
  return (
    <figure className="px-5 pb-5">
      <div role="img" aria-label={sentenceOf(props)}>
        <p className="mb-1 text-end font-mono text-[12px] text-ink-3 tabular-nums" aria-hidden="true">
          {shownValue(most, measure)}
        </p>
        <div className="flex h-52 items-end gap-px border-y border-line sm:gap-1" aria-hidden="true">
          {rows.map((row) => {
            const value = measured(row, measure)
            const written = measure === 'tokens' && value > 0 ? row.output_tokens / value : 0
            return (
              <div key={row.id} className="group flex h-full min-w-0 flex-1 items-end" title={`${row.name}: ${shownValue(value, measure)}`}>
                <div
                  className="flex w-full flex-col justify-end overflow-hidden rounded-t-[4px] bg-brand-fill transition-opacity group-hover:opacity-80"
                  style={{ height: value === 0 ? '0' : `max(3px, ${(value / most) * 100}%)` }}
                >
                  <div className="bg-violet" style={{ height: `${written * 100}%` }} />
                </div>
              </div>
            )
          })}
        </div>
        <p className="mt-1.5 flex justify-between text-[12px] text-ink-3" aria-hidden="true">
          {marks.map((row) => (
            <span key={row.id}>{row.name}</span>
          ))}
        </p>
      </div>
      {measure === 'tokens' ? (
        <figcaption className="mt-3 flex gap-5 text-[13px] text-ink-2">
          <Key tone="bg-brand-fill" label={t('usage.head.read')} />
          <Key tone="bg-violet" label={t('usage.head.written')} />
        </figcaption>
      ) : null}
    </figure>
  )
}

const Key = ({ tone, label }: { tone: string; label: string }) => (
  <span className="flex items-center gap-2">
    <span className={`size-3 rounded-[4px] ${tone}`} aria-hidden="true" />
    {label}
  </span>
)

/** Everything else as bars with their values beside them; the table has those past the longest ones. */
function Bars(props: ChartProps) {
  const { rows, measure } = props
  const most = Math.max(1, ...rows.map((row) => measured(row, measure)))
  return (
    <div role="img" aria-label={sentenceOf(props)} className="px-5 pb-5">
      <div className="grid gap-3" aria-hidden="true">
        {rows.slice(0, BARS_MAX).map((row) => {
          const value = measured(row, measure)
          return (
            <div
              key={row.id}
              className="grid grid-cols-[minmax(0,9rem)_minmax(0,1fr)_4.5rem] items-center gap-3 text-[14px] sm:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_5rem]"
            >
              <span className="truncate" title={row.name}>
                {row.name}
              </span>
              <span className="h-5 overflow-hidden rounded-[7px] bg-surface-2">
                <span
                  className="block h-full rounded-[7px] bg-linear-to-r from-brand-fill to-violet"
                  style={{ width: value === 0 ? '0' : `max(4px, ${(value / most) * 100}%)` }}
                />
              </span>
              <span className="text-end font-mono text-[13px] tabular-nums">{shownValue(value, measure)}</span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
