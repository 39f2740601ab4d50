import '@/lib/i18n/en/fill'
import { useId } from 'react'
import type { FieldError, Variable } from '@/api/types'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import { Field, Select } from './field'
import type { FieldValues } from './template-values'

type FormProps = {
  variables: readonly Variable[]
  fields: FieldValues
  onFields: (fields: FieldValues) => void
  /** What the node refuses, by `values.<name>`. */
  refused?: readonly FieldError[]
}

/** One field per variable of a template, each with its bounds as a hint and the node's refusal below it. */
export function TemplateForm({ variables, fields, onFields, refused = [] }: FormProps) {
  if (variables.length === 0) return <p className="text-[14px] text-ink-2">{t('fill.empty')}</p>
  return (
    <div className="grid gap-4">
      {variables.map((variable) => (
        <VariableField
          key={variable.name}
          variable={variable}
          value={fields[variable.name]}
          onChange={(value) => onFields({ ...fields, [variable.name]: value })}
          error={refusalOf(refused, `values.${variable.name}`)}
        />
      ))}
    </div>
  )
}

/** What is missing is not an error before somebody has tried to go on. */
const refusalOf = (refused: readonly FieldError[], field: string) =>
  refused.find((item) => item.field === field && item.code !== 'missing_value')?.message

const titleOf = (variable: Variable) => {
  const name = variable.label || variable.name
  return variable.required === false ? t('fill.optional', { name }) : name
}

type FieldProps = {
  variable: Variable
  value: string | boolean | undefined
  onChange: (value: string | boolean) => void
  error?: string
}
function VariableField({ variable, value, onChange, error }: FieldProps) {
  const label = titleOf(variable)
  const hint = hintOf(variable)
  const text = typeof value === 'string' ? value : ''
  switch (variable.type) {
    case 'long_text':
      return <LongField label={label} hint={hint} value={text} error={error} onChange={onChange} />
    case 'choice':
      return (
        <Select
          label={label}
          hint={error ? sentence(error) : hint}
          value={text}
          onChange={onChange}
          items={[['', t('fill.none')], ...(variable.options ?? []).map((option) => [option, option] as const)]}
        />
      )
    case 'boolean':
      return (
        <Select
          label={label}
          hint={error ? sentence(error) : hint}
          value={value === undefined || value === '' ? '' : String(value)}
          onChange={(next) => onChange(next === '' ? '' : next === 'true')}
          items={[
            ['', t('fill.none')],
            ['true', t('fill.yes')],
            ['false', t('fill.no')],
          ]}
        />
      )
    default:
      return (
        <Field
          label={label}
          hint={hint}
          error={error}
          type={variable.type === 'date' ? 'date' : 'text'}
          inputMode={variable.type === 'number' ? 'decimal' : undefined}
          min={variable.date_min ?? undefined}
          max={variable.date_max ?? undefined}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
  }
}

type LongProps = { label: string; hint: string | undefined; value: string; error?: string; onChange: (value: string) => void }
function LongField({ label, hint, value, error, onChange }: LongProps) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-[13.5px] font-medium">
        {label}
      </label>
      <textarea
        id={id}
        rows={4}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-h` : undefined}
        onChange={(event) => onChange(event.target.value)}
        className={`block w-full rounded-[14px] border bg-surface px-3.5 py-3 text-[14.5px] outline-none focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-brand ${error ? 'border-danger' : 'border-field focus:border-brand'}`}
      />
      {hint || error ? (
        <p id={`${id}-h`} className={`mt-1.5 text-[13px] ${error ? 'text-danger' : 'text-ink-3'}`}>
          {error ? sentence(error) : hint}
        </p>
      ) : null}
    </div>
  )
}

/** The author's hint, the bounds, and what an empty field stands for. */
function hintOf(variable: Variable): string | undefined {
  const parts = [
    variable.help,
    charactersOf(variable),
    range(variable.number_min, variable.number_max, ['fill.between', 'fill.from', 'fill.to']),
    range(variable.date_min, variable.date_max, ['fill.between', 'fill.day_from', 'fill.day_to']),
    variable.default === undefined || variable.default === null ? undefined : t('fill.default', { value: shown(variable.default) }),
  ]
  return (
    parts
      .filter(Boolean)
      .map((part) => sentence(part ?? ''))
      .join(' ') || undefined
  )
}

function charactersOf({ characters_min, characters_max }: Variable): string | undefined {
  return range(characters_min, characters_max, ['fill.characters', 'fill.characters_min', 'fill.characters_max'])
}

type RangeKeys = readonly [
  'fill.between' | 'fill.characters',
  'fill.from' | 'fill.day_from' | 'fill.characters_min',
  'fill.to' | 'fill.day_to' | 'fill.characters_max',
]
type Bound = number | string | null | undefined
function range(min: Bound, max: Bound, [both, least, most]: RangeKeys): string | undefined {
  const known = (bound: Bound): bound is number | string => bound !== null && bound !== undefined
  if (known(min) && known(max)) return t(both, { min, max })
  if (known(min)) return t(least, { min })
  return known(max) ? t(most, { max }) : undefined
}

const shown = (value: string | number | boolean) => (typeof value === 'boolean' ? t(value ? 'fill.yes' : 'fill.no') : String(value))
