import type { PromptVersion, TemplateValue, Variable, VariableType } from '@/api/types'

/** A variable while it is edited: numbers as typed, options as lines. `key` names the row. */
export type VariableDraft = {
  key: string
  name: string
  type: VariableType
  label: string
  help: string
  required: boolean
  default: string
  min: string
  max: string
  whole: boolean
  options: string
}

/** A template's text while it is edited. */
export type TextDraft = { body: string; variables: VariableDraft[]; note: string }

let last = 0
const newKey = () => {
  last += 1
  return `v${last}`
}

export const newVariable = (name: string): VariableDraft => ({
  key: newKey(),
  name,
  type: 'text',
  label: '',
  help: '',
  required: true,
  default: '',
  min: '',
  max: '',
  whole: false,
  options: '',
})

const text = (value: TemplateValue | number | string | null | undefined) => (value === undefined || value === null ? '' : String(value))

/** Only one kind of bound can stand, so one pair of fields shows it. */
export function draftOf(version: PromptVersion): TextDraft {
  return {
    body: version.body,
    note: '',
    variables: version.variables.map((variable) => ({
      key: newKey(),
      name: variable.name,
      type: variable.type,
      label: variable.label ?? '',
      help: variable.help ?? '',
      required: variable.required ?? true,
      default: text(variable.default),
      min: text(variable.characters_min ?? variable.number_min ?? variable.date_min),
      max: text(variable.characters_max ?? variable.number_max ?? variable.date_max),
      whole: variable.whole ?? false,
      options: (variable.options ?? []).join('\n'),
    })),
  }
}

const number = (typed: string): number | undefined => {
  const found = Number(typed.trim().replace(',', '.'))
  return typed.trim() === '' || !Number.isFinite(found) ? undefined : found
}

/** The default as its type. What is not a number goes as text, to be refused by name. */
function defaultOf({ type, default: typed }: VariableDraft): TemplateValue | undefined {
  if (typed.trim() === '') return undefined
  if (type === 'boolean') return typed === 'true'
  return type === 'number' ? (number(typed) ?? typed) : typed
}

/** The declaration that the node is sent; it checks it. */
export function variableOf(draft: VariableDraft): Variable {
  const { name, type, min, max } = draft
  const value = defaultOf(draft)
  return {
    name: name.trim(),
    type,
    required: draft.required,
    ...(draft.label.trim() ? { label: draft.label.trim() } : {}),
    ...(draft.help.trim() ? { help: draft.help.trim() } : {}),
    ...(value === undefined ? {} : { default: value }),
    ...(type === 'text' || type === 'long_text' ? { characters_min: number(min), characters_max: number(max) } : {}),
    ...(type === 'number' ? { number_min: number(min), number_max: number(max), whole: draft.whole } : {}),
    ...(type === 'date' ? { date_min: min || undefined, date_max: max || undefined } : {}),
    ...(type === 'choice'
      ? {
          options: draft.options
            .split('\n')
            .map((line) => line.trim())
            .filter(Boolean),
        }
      : {}),
  }
}

const PLACE = /(?<!\\)\{\{\s*([a-z][a-z0-9_]{0,39})\s*\}\}/g

/** Names that the text uses and nothing declares, in the order of the text. */
export function undeclared({ body, variables }: TextDraft): string[] {
  const known = new Set(variables.map((variable) => variable.name.trim()))
  const names = [...body.matchAll(PLACE)].map((match) => match[1] ?? '')
  return [...new Set(names)].filter((name) => !known.has(name))
}

/** Whether two drafts would make the same version. */
export const isSame = (first: TextDraft, second: TextDraft) =>
  first.body === second.body && JSON.stringify(first.variables.map(variableOf)) === JSON.stringify(second.variables.map(variableOf))
