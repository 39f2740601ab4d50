import '@/lib/i18n/en/work'
import { useQuery } from '@tanstack/react-query'
import { FlaskConical, type LucideIcon, PenLine, Puzzle, Quote, Sparkles } from 'lucide-react'
import { useId } from 'react'
import { queries } from '@/api/queries'
import type { ModelChoice } from '@/api/types'
import { t } from '@/lib/i18n'
import { ErrorState } from './error-state'
import { Bone } from './skeleton'

const isStarter = (choice: ModelChoice) => choice.model === 'starter'

/** The name people know a choice by; imported models keep their own titles. */
export function choiceTitle(choice: ModelChoice): string {
  if (choice.model === 'auto' || choice.model === 'extractive' || choice.model === 'starter') return t(`work.model.${choice.model}`)
  return choice.title
}

function iconOf(choice: ModelChoice): LucideIcon {
  if (choice.model === 'auto') return Sparkles
  if (isStarter(choice)) return FlaskConical
  if (choice.base) return Puzzle
  return choice.mode === 'extractive' ? Quote : PenLine
}

type PickerProps = { value: string; onChange: (model: string) => void }

/** Which model answers for an employee: one radio card per choice the node offers, with the node's own remark. */
export function ModelPicker({ value, onChange }: PickerProps) {
  const name = useId()
  const { data, error, refetch } = useQuery(queries.modelChoices())
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label={t('loading.page')} className="grid gap-2.5">
        {[0, 1, 2].map((row) => (
          <Bone key={row} className="h-[78px] w-full rounded-[18px]" />
        ))}
      </div>
    )
  }
  return (
    <fieldset className="grid gap-2.5">
      <legend className="sr-only">{t('work.model.label')}</legend>
      {data.items.map((choice) => (
        <Choice key={choice.model} name={name} choice={choice} on={choice.model === value} onPick={() => onChange(choice.model)} />
      ))}
    </fieldset>
  )
}

type ChoiceProps = { name: string; choice: ModelChoice; on: boolean; onPick: () => void }
function Choice({ name, choice, on, onPick }: ChoiceProps) {
  const id = useId()
  const Icon = iconOf(choice)
  const look = on ? 'border-brand bg-brand-soft/60 shadow-[inset_0_0_0_1px_var(--brand)]' : 'border-field hover:border-brand'
  return (
    <label
      className={`flex items-start gap-4 rounded-[18px] border p-4 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand ${look} ${choice.available ? 'cursor-pointer' : 'opacity-60'} ${choice.base ? 'ms-6' : ''}`}
    >
      <input
        type="radio"
        name={name}
        value={choice.model}
        checked={on}
        disabled={!choice.available}
        onChange={onPick}
        aria-describedby={`${id}-note`}
        className="sr-only"
      />
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-[14px] ${on ? 'bg-brand-fill text-white' : 'bg-surface-2 text-ink-2'}`}
      >
        <Icon size={19} aria-hidden="true" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[14.5px] font-medium">
          {choiceTitle(choice)}
          <span className={`rounded-full px-2 py-0.5 text-[12px] font-normal text-ink-2 ${on ? 'bg-surface' : 'bg-surface-2'}`}>
            {t(`work.mode.${choice.mode}`)}
          </span>
          {isStarter(choice) ? (
            <span className="rounded-full bg-warn/13 px-2 py-0.5 text-[12px] font-medium text-warn">{t('work.model.experimental')}</span>
          ) : null}
          {choice.available ? null : <span className="text-[12px] font-normal text-ink-2">{t('work.model.unavailable')}</span>}
        </span>
        <span id={`${id}-note`} className="mt-0.5 block text-[13.5px] text-ink-2">
          {noteOf(choice)}
        </span>
      </span>
    </label>
  )
}

/** The node's remark, after what the choice means where its name does not say it. */
function noteOf(choice: ModelChoice): string {
  const note = choice.note && !/[.!?]$/.test(choice.note) ? `${choice.note}.` : choice.note
  if (choice.model === 'auto') return `${t('work.model.auto_note')} ${note}`.trim()
  return isStarter(choice) ? t('work.model.experimental_note') : note
}
