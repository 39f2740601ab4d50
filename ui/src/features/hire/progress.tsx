import { Check } from 'lucide-react'
import { t } from '@/lib/i18n'

/** How far the hire is; `at` counts finished steps. */
export function Progress({ at }: { at: number }) {
  const names = [t('hire.step.name'), t('hire.step.model'), t('hire.step.reads'), t('hire.step.review')]
  return (
    <ol aria-label={t('hire.steps')} className="rise mb-5 flex gap-1.5 overflow-x-auto px-1 [scrollbar-width:none]">
      {names.map((name, index) => {
        const [done, now] = [index < at, index === at]
        return (
          <li key={name} aria-current={now ? 'step' : undefined} className="min-w-0 flex-1">
            <span className="block h-1.5 overflow-hidden rounded-full bg-line">
              <span className="bar block h-full rounded-full" style={{ transform: `scaleX(${done ? 1 : now ? 0.5 : 0})` }} />
            </span>
            <span
              className={`mt-1.5 flex items-center gap-1 text-[13px] whitespace-nowrap ${now ? 'font-semibold text-brand' : 'text-ink-2 max-sm:sr-only'}`}
            >
              {done ? (
                <>
                  <Check size={13} strokeWidth={3} aria-hidden="true" />
                  <span className="sr-only">{t('hire.step_done')}</span>
                </>
              ) : null}
              {name}
            </span>
          </li>
        )
      })}
    </ol>
  )
}
