import { useQuery } from '@tanstack/react-query'
import { BookOpenText, PenLine, Usb } from 'lucide-react'
import { queries } from '@/api/queries'
import type { ModelChoice } from '@/api/types'
import { Command } from '@/components/command'
import { ErrorState } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { Wizard } from '@/components/wizard'
import { t } from '@/lib/i18n'

/** What the node can answer with, read from the node that was just set up, and how to bring more. */
export function ModelsStep({ at, total, onNext }: { at: number; total: number; onNext: () => void }) {
  const { data, error, refetch } = useQuery(queries.modelChoices())
  const automatic = data?.items.find((choice) => choice.model === 'auto')
  const choices = data?.items.filter((choice) => choice.model !== 'auto' && choice.available) ?? []
  return (
    <Wizard
      at={at}
      total={total}
      title={t('setup.models.title')}
      lead={t('setup.models.lead')}
      next={t('setup.models.submit')}
      onNext={onNext}
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} />}
      <ul className="grid gap-3">
        {choices.map((choice, index) => (
          <Choice key={choice.model} choice={choice} index={index} />
        ))}
      </ul>
      {automatic ? <p className="text-[13.5px] text-ink-2">{automatic.note}</p> : null}
      <section className="min-w-0 rounded-[18px] bg-surface-2 p-4" aria-label={t('setup.models.import_title')}>
        <p className="flex items-center gap-2.5 text-[14.5px] font-semibold">
          <Usb size={17} className="text-brand" aria-hidden="true" />
          {t('setup.models.import_title')}
        </p>
        <p className="mt-1.5 mb-2.5 text-[13.5px] text-ink-2">{t('setup.models.import_lead')}</p>
        <Command text="guildhall models import FILE.gguf --data-dir DIR" />
        <p className="mt-2.5 text-[13.5px] text-ink-2">{t('setup.models.import_after')}</p>
      </section>
    </Wizard>
  )
}

function Choice({ choice, index }: { choice: ModelChoice; index: number }) {
  const Icon = choice.mode === 'generative' ? PenLine : BookOpenText
  return (
    <li className="rise flex items-center gap-4 rounded-[18px] border border-line bg-surface p-4" style={{ '--i': index + 1 }}>
      <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
        <Icon size={20} aria-hidden="true" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex flex-wrap items-center gap-2.5 text-[15.5px] font-semibold">
          {choice.title}
          <span className="rounded-full bg-surface-2 px-2.5 py-0.5 text-[12px] font-medium text-ink-2">
            {t(`setup.models.${choice.mode}`)}
          </span>
        </span>
        <span className="block text-[13.5px] text-ink-2">{choice.note}</span>
      </span>
    </li>
  )
}
