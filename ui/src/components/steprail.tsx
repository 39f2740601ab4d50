import { Check } from 'lucide-react'
import type { ReactNode } from 'react'

export type RailStep = { title: string; note?: ReactNode }
/** Steps fill from the top; the current one has a halo. `at` is the index of the current step; steps.length means finished. */
export function StepRail({ steps, at, label, dense }: { steps: RailStep[]; at: number; label: string; dense?: boolean }) {
  return (
    <ol aria-label={label} className="relative grid">
      {steps.map((s, i) => {
        const done = i < at
        const act = i === at
        return (
          <li
            key={s.title}
            aria-current={act ? 'step' : undefined}
            className={`relative flex gap-3.5 ${i < steps.length - 1 ? (dense ? 'pb-3' : 'pb-5') : ''}`}
          >
            {i < steps.length - 1 ? (
              <span className="absolute start-[13px] top-7 bottom-0 w-[2px] overflow-hidden rounded bg-line">
                <span
                  className="block h-full w-full origin-top bg-brand transition-transform duration-500"
                  style={{ transform: `scaleY(${done ? 1 : 0})` }}
                />
              </span>
            ) : null}
            <span
              className={`relative grid size-7 shrink-0 place-items-center rounded-full border-2 transition-colors duration-300 ${done ? 'border-brand-fill bg-brand-fill text-white' : act ? 'draft border-brand bg-surface text-brand' : 'border-field/60 bg-surface text-ink-3'}`}
            >
              {done ? (
                <Check size={14} strokeWidth={3} />
              ) : (
                <span className={`font-mono text-[11.5px] font-medium ${act ? '' : 'text-ink-3'}`}>{i + 1}</span>
              )}
            </span>
            <div className="min-w-0 flex-1 pt-0.5">
              <p className={`text-[14.5px] leading-tight ${act || done ? 'font-medium' : 'text-ink-2'}`}>{s.title}</p>
              {s.note ? <div className="mt-1 text-[13px] text-ink-2">{s.note}</div> : null}
            </div>
          </li>
        )
      })}
    </ol>
  )
}
