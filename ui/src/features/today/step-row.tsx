import { Link } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { btn } from '@/components/button'
import { t } from '@/lib/i18n'
import type { FirstStep } from './first-steps'

/** One step: done with a tick, next with a beam, later with its number. */
export function StepRow({ step, index, next }: { step: FirstStep; index: number; next: boolean }) {
  return (
    <li className={`panel flex flex-wrap items-center gap-4 p-5 ${next ? 'beam' : ''}`} style={{ '--i': index }}>
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-full ${step.done ? 'bg-success text-surface' : 'border-[1.5px] border-field text-ink-2'}`}
      >
        {step.done ? (
          <>
            <Check size={20} strokeWidth={3} aria-hidden="true" />
            <span className="sr-only">{t('today.step.done')}</span>
          </>
        ) : (
          <span className="font-mono text-[15px]">{index + 1}</span>
        )}
      </span>
      <div className="min-w-0 flex-1 basis-[220px]">
        <h2 className="text-[16.5px] font-semibold tracking-[-.01em]">{step.title}</h2>
        <p className="text-[14px] text-ink-2">{step.text}</p>
      </div>
      {step.waiting ? null : (
        <Link
          to={step.to}
          aria-label={step.done ? `${t('today.step.look')}: ${step.title}` : undefined}
          className={step.done ? btn('quiet', 'sm') : btn(next ? 'brand' : 'outline', 'md', 'relative z-[2]')}
        >
          {step.done ? (
            t('today.step.look')
          ) : (
            <>
              <step.icon size={16} aria-hidden="true" />
              {step.action}
            </>
          )}
        </Link>
      )}
    </li>
  )
}
