import { Trash2 } from 'lucide-react'
import type { FieldError, VariableType } from '@/api/types'
import { IconButton } from '@/components/button'
import { Field, Select, Switch, Textarea } from '@/components/field'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import type { VariableDraft } from './draft'

const TYPES: readonly VariableType[] = ['text', 'long_text', 'number', 'choice', 'boolean', 'date']

type EditorProps = {
  draft: VariableDraft
  index: number
  refused: readonly FieldError[]
  onChange: (draft: VariableDraft) => void
  onRemove: () => void
}

/** One variable: its name, type and the settings that belong to the type. */
export function VariableEditor({ draft, index, refused, onChange, onRemove }: EditorProps) {
  const change = (part: Partial<VariableDraft>) => onChange({ ...draft, ...part })
  const refusal = (field: string) => refused.find((item) => item.field.startsWith(`variables[${index}].${field}`))?.message
  const title = draft.name || t('prompts.variable_new')
  return (
    <li className="rounded-[18px] border border-line bg-surface-2/50 p-4">
      <fieldset>
        <legend className="sr-only">{title}</legend>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4 sm:grid-cols-2">
          <Field
            label={t('prompts.variable.name')}
            value={draft.name}
            maxLength={40}
            spellCheck={false}
            autoCapitalize="none"
            error={refusal('name')}
            onChange={(event) => change({ name: event.target.value })}
          />
          <div className="flex items-end gap-2">
            <Select
              label={t('prompts.variable.type')}
              value={draft.type}
              onChange={(type) => change({ type, default: '', min: '', max: '' })}
              items={TYPES.map((type) => [type, t(`prompts.type.${type}`)] as const)}
              className="min-w-0 flex-1"
            />
            <IconButton label={t('prompts.variable_remove', { name: title })} className="mb-1" onClick={onRemove}>
              <Trash2 size={17} aria-hidden="true" />
            </IconButton>
          </div>
          <Field
            label={t('prompts.variable.label')}
            value={draft.label}
            maxLength={80}
            error={refusal('label')}
            onChange={(event) => change({ label: event.target.value })}
          />
          <Field
            label={t('prompts.variable.help')}
            value={draft.help}
            maxLength={300}
            error={refusal('help')}
            onChange={(event) => change({ help: event.target.value })}
          />
          <Settings draft={draft} change={change} refusal={refusal} />
          <Default draft={draft} change={change} error={refusal('default')} />
        </div>
        <div className="mt-4 grid gap-3 sm:grid-cols-2">
          <Switch label={t('prompts.variable.required')} checked={draft.required} onChange={(required) => change({ required })} />
          {draft.type === 'number' ? (
            <Switch label={t('prompts.variable.whole')} checked={draft.whole} onChange={(whole) => change({ whole })} />
          ) : null}
        </div>
      </fieldset>
    </li>
  )
}

type PartProps = { draft: VariableDraft; change: (part: Partial<VariableDraft>) => void }

function Settings({ draft, change, refusal }: PartProps & { refusal: (field: string) => string | undefined }) {
  if (draft.type === 'choice') {
    const error = refusal('options')
    return (
      <Textarea
        label={t('prompts.variable.options')}
        rows={3}
        value={draft.options}
        hint={error ? <span className="text-danger">{sentence(error)}</span> : undefined}
        onChange={(event) => change({ options: event.target.value })}
      />
    )
  }
  if (draft.type === 'boolean') return null
  const kind = draft.type === 'number' ? 'number' : draft.type === 'date' ? 'date' : 'characters'
  const input = kind === 'date' ? { type: 'date' } : { inputMode: kind === 'number' ? ('decimal' as const) : ('numeric' as const) }
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field
        label={t(`prompts.variable.${kind}_min`)}
        value={draft.min}
        error={refusal(`${kind}_min`)}
        {...input}
        onChange={(event) => change({ min: event.target.value })}
      />
      <Field
        label={t(`prompts.variable.${kind}_max`)}
        value={draft.max}
        error={refusal(`${kind}_max`)}
        {...input}
        onChange={(event) => change({ max: event.target.value })}
      />
    </div>
  )
}

function Default({ draft, change, error }: PartProps & { error: string | undefined }) {
  const label = t('prompts.variable.default')
  const none = ['', t('prompts.variable.default_none')] as const
  if (draft.type === 'boolean' || draft.type === 'choice') {
    const options = draft.options
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
    const items =
      draft.type === 'boolean'
        ? ([none, ['true', t('fill.yes')], ['false', t('fill.no')]] as const)
        : [none, ...[...new Set(options)].map((option) => [option, option] as const)]
    return (
      <Select
        label={label}
        hint={error ? sentence(error) : undefined}
        value={draft.default}
        onChange={(value) => change({ default: value })}
        items={items}
      />
    )
  }
  if (draft.type === 'long_text') {
    return (
      <Textarea
        label={label}
        rows={3}
        value={draft.default}
        hint={error ? <span className="text-danger">{sentence(error)}</span> : undefined}
        onChange={(event) => change({ default: event.target.value })}
      />
    )
  }
  return (
    <Field
      label={label}
      value={draft.default}
      error={error}
      type={draft.type === 'date' ? 'date' : 'text'}
      inputMode={draft.type === 'number' ? 'decimal' : undefined}
      onChange={(event) => change({ default: event.target.value })}
    />
  )
}
