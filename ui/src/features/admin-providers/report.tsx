import { Check, Minus, X } from 'lucide-react'
import type { TestReport } from '@/api/types'
import { t } from '@/lib/i18n'
import { formatDuration, formatRelative } from '@/lib/i18n/format'

type Step = TestReport['steps'][number]
const LOOK = {
  passed: [Check, 'text-success'],
  failed: [X, 'text-danger'],
  skipped: [Minus, 'text-ink-3'],
} as const

type ReportProps = { report: TestReport; provider: string; open: boolean }
/** What a test found, line by line: each step with what was seen. */
export function Report({ report, provider, open }: ReportProps) {
  return (
    <details key={report.at} open={open} className="mt-4 rounded-[16px] bg-surface-2/70 p-4">
      <summary className="cursor-pointer text-[14px] font-semibold">
        {t(report.passed ? 'provider.test_passed' : 'provider.test_failed')}{' '}
        <span className="font-normal text-ink-3">{t('provider.tested', { when: formatRelative(report.at) })}</span>
      </summary>
      <ol aria-label={t('provider.test_steps', { provider })} className="mt-2.5 grid gap-1.5">
        {report.steps.map((step) => (
          <Line key={step.step} step={step} />
        ))}
      </ol>
    </details>
  )
}

function Line({ step }: { step: Step }) {
  const [Icon, tone] = LOOK[step.outcome]
  return (
    <li className="flex items-start gap-2.5 text-[13.5px]">
      <Icon
        size={16}
        strokeWidth={2.6}
        className={`mt-0.5 shrink-0 ${tone}`}
        role="img"
        aria-label={t(`provider.outcome.${step.outcome}`)}
      />
      <span className="min-w-0 flex-1">
        <span className={step.outcome === 'skipped' ? 'text-ink-3' : 'font-medium'}>{t(`provider.step.${step.step}`)}</span>
        {step.detail ? (
          <span className={`block text-[13px] [overflow-wrap:anywhere] ${step.outcome === 'failed' ? 'text-danger' : 'text-ink-2'}`}>
            {step.detail}
          </span>
        ) : null}
      </span>
      {step.duration_ms === null ? null : (
        <span className="font-mono text-[12px] text-ink-3 tabular-nums">{formatDuration(step.duration_ms)}</span>
      )}
    </li>
  )
}
