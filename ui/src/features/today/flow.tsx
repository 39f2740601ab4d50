import type { Overview } from '@/api/types'
import { FlowStage } from '@/components/flow-stage'
import { Stat } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatCompact } from '@/lib/i18n/format'

/** The flow of work with the counts of the organisation. */
export function Flow({ overview }: { overview: Overview }) {
  const { employees, conversations, messages } = overview.totals
  return (
    <section className="horizon panel overflow-hidden p-5" style={{ '--i': 1 }} aria-label={t('today.flow')}>
      <div className="floor" aria-hidden="true" />
      <div className="relative flex flex-wrap items-center gap-x-3">
        <h2 className="font-display text-[18px] font-semibold tracking-[-.015em]">{t('today.flow')}</h2>
        <span className="ms-auto font-mono text-[12.5px] text-ink-2">
          {t('today.flow_counts', { questions: overview.today.messages, answers: overview.today.answers })}
        </span>
      </div>
      <div className="relative h-[280px] xl:h-[330px]">
        <FlowStage />
      </div>
      <dl className="relative mt-3 grid grid-cols-3 gap-4 border-t border-[var(--hair)] pt-4">
        <Stat value={formatCompact(employees)} label={t('today.stat.employees', { count: employees })} />
        <Stat value={formatCompact(conversations)} label={t('today.stat.conversations', { count: conversations })} />
        <Stat value={formatCompact(messages)} label={t('today.stat.messages', { count: messages })} />
      </dl>
    </section>
  )
}
