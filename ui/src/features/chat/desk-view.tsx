import type { CSSProperties } from 'react'
import type { Citation } from '@/api/types'
import { splitAtQuote } from './quote'

/** How much of a passage is shown before the words that were quoted. */
const BEFORE_LENGTH = 70
const LABELS_MAX = 3
const LINES = ['86%', '94%', '72%', '90%', '64%'] as const

type DeskViewProps = { style: CSSProperties; sources: readonly Citation[]; live: boolean; step: string | null }

/**
 * What the employee is looking at: a page that is scanned while it works, then the passage it quoted with the words marked.
 * The sources and steps beside it say the same in words, so it is hidden from screen readers.
 */
export function DeskView({ style, sources, live, step }: DeskViewProps) {
  const first = sources[0]
  const labels = live ? (step ? [step] : []) : sources.slice(0, LABELS_MAX).map((source) => source.title)
  return (
    <div aria-hidden="true" className="desk wash" style={style} data-live={live ? '' : undefined}>
      <span className="page page-3" />
      <span className="page page-2" />
      <div className="page page-1">
        {first && !live ? (
          <Quoted source={first} />
        ) : (
          LINES.map((width) => <span key={width} className="mb-[9px] block h-[5px] rounded-full bg-line" style={{ width }} />)
        )}
        {live ? <span className="scan" /> : null}
      </div>
      <div
        className={`absolute end-3 bottom-3 grid grid-cols-[minmax(0,auto)] justify-items-end gap-1.5 ${live ? 'max-w-[90%]' : 'max-w-[50%]'}`}
      >
        {labels.map((label, index) => (
          <span
            key={label}
            className="rise max-w-full truncate rounded-full bg-brand-fill px-2.5 py-1 text-[11.5px] leading-tight font-medium text-white shadow-[var(--sh-2)]"
            style={{ '--i': index * 3 }}
          >
            {label}
          </span>
        ))}
      </div>
    </div>
  )
}

/** The quoted words where they stand in their passage. */
function Quoted({ source }: { source: Citation }) {
  const pieces = splitAtQuote(source.passage, source.quote)
  return (
    <p className="text-[10.5px] leading-[16px] text-ink-3">
      <b className="mb-1 block truncate text-[11.5px] font-semibold text-ink">{source.section ?? source.title}</b>
      {pieces ? (
        <>
          {pieces[0].length > BEFORE_LENGTH ? `…${pieces[0].slice(-BEFORE_LENGTH)}` : pieces[0]}
          <mark className="text-ink">{pieces[1]}</mark>
          {pieces[2]}
        </>
      ) : (
        source.passage
      )}
    </p>
  )
}
