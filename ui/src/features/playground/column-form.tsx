import { SlidersHorizontal, X } from 'lucide-react'
import { useState } from 'react'
import type { ModelChoice } from '@/api/types'
import { IconButton } from '@/components/button'
import { Field, Select } from '@/components/field'
import { choiceTitle } from '@/components/model-choice'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import type { ColumnDraft } from './draft'

type ColumnProps = {
  column: ColumnDraft
  number: number
  models: readonly ModelChoice[]
  error: string | undefined
  onChange: (column: ColumnDraft) => void
  onRemove?: () => void
}

/** One model to compare, with how it shall answer. */
export function ColumnForm({ column, number, models, error, onChange, onRemove }: ColumnProps) {
  const [open, setOpen] = useState(false)
  const change = (part: Partial<ColumnDraft>) => onChange({ ...column, ...part })
  const known = models.some((model) => model.model === column.model)
  const items = models.map((model) => [model.model, choiceTitle(model)] as const)
  const decimal = { inputMode: 'decimal' as const }
  return (
    <li className="rounded-[18px] border border-line bg-surface-2/50 p-3.5">
      <fieldset>
        <legend className="sr-only">{t('playground.column', { number })}</legend>
        <div className="flex items-center gap-2">
          <span className="grid size-7 shrink-0 place-items-center rounded-full bg-brand-soft font-mono text-[12.5px] font-semibold text-brand">
            {number}
          </span>
          <Select
            bare
            label={t('playground.model', { number })}
            value={column.model}
            onChange={(model) => change({ model })}
            items={known ? items : [[column.model, column.model] as const, ...items]}
            className="min-w-0 flex-1"
          />
          <IconButton
            label={t('playground.parameters_of', { number })}
            aria-expanded={open}
            className={open ? 'bg-brand-soft text-brand' : ''}
            onClick={() => setOpen(!open)}
          >
            <SlidersHorizontal size={16} aria-hidden="true" />
          </IconButton>
          {onRemove ? (
            <IconButton label={t('playground.column_remove', { number })} onClick={onRemove}>
              <X size={16} aria-hidden="true" />
            </IconButton>
          ) : null}
        </div>
        {open ? (
          <div className="mt-3 grid grid-cols-2 gap-3">
            <Field
              label={t('playground.temperature')}
              value={column.temperature}
              onChange={(event) => change({ temperature: event.target.value })}
              {...decimal}
            />
            <Field
              label={t('playground.max_tokens')}
              value={column.max_tokens}
              inputMode="numeric"
              onChange={(event) => change({ max_tokens: event.target.value })}
            />
            <Field
              label={t('playground.top_p')}
              value={column.top_p}
              onChange={(event) => change({ top_p: event.target.value })}
              {...decimal}
            />
            <Field
              label={t('playground.seed')}
              value={column.seed}
              inputMode="numeric"
              placeholder={t('playground.seed_any')}
              title={t('playground.seed_hint')}
              onChange={(event) => change({ seed: event.target.value })}
            />
          </div>
        ) : (
          <p className="ms-9 mt-1.5 text-[13px] text-ink-3">
            {t('playground.settings', { temperature: column.temperature || '–', max_tokens: column.max_tokens || '–' })}
          </p>
        )}
        {error ? <p className="mt-2 text-[13px] text-danger">{sentence(error)}</p> : null}
      </fieldset>
    </li>
  )
}
