import type { PlaygroundParameters, PlaygroundRun, PlaygroundTemplate, Variable } from '@/api/types'
import { type FieldValues, fieldsOf, valuesOf } from '@/components/template-values'

export const COLUMNS_MIN = 2
export const COLUMNS_MAX = 4
const DEFAULTS = { temperature: '0.7', top_p: '0.95', max_tokens: '512', seed: '' }

/** One column while it is set up: numbers as typed. */
export type ColumnDraft = { key: string; model: string; temperature: string; top_p: string; max_tokens: string; seed: string }

/** A prompt while it is written. */
export type Draft = {
  source: 'write' | 'template'
  system: string
  text: string
  template: { id: string; version: number | undefined; fields: FieldValues } | null
  columns: ColumnDraft[]
  inTurn: boolean
}

let last = 0
export function newColumn(model: string, parameters: Partial<ColumnDraft> = {}): ColumnDraft {
  last += 1
  return { ...DEFAULTS, ...parameters, key: `c${last}`, model }
}

export const emptyDraft = (): Draft => ({ source: 'write', system: '', text: '', template: null, columns: [], inTurn: false })

/** The columns to begin with: the models there are, the best ones first, and one of them twice where it is the only one. */
export function firstColumns(models: readonly string[]): ColumnDraft[] {
  const [first, second] = models
  if (first === undefined) return []
  return second === undefined
    ? [newColumn(first, { temperature: '0' }), newColumn(first, { temperature: '1' })]
    : [newColumn(first), newColumn(second)]
}

/** The form of a run that is opened again. */
export function draftOf(run: PlaygroundRun): Draft {
  const prompt = run.prompt
  const template = prompt?.template
  return {
    source: template ? 'template' : 'write',
    system: prompt?.system ?? '',
    text: template ? '' : (prompt?.messages.at(-1)?.content ?? ''),
    template: template ? { id: template.id, version: template.version, fields: fieldsOf(template.values) } : null,
    columns: run.answers.map((answer) =>
      newColumn(answer.model, {
        temperature: shown(answer.parameters.temperature, DEFAULTS.temperature),
        top_p: shown(answer.parameters.top_p, DEFAULTS.top_p),
        max_tokens: shown(answer.parameters.max_tokens, DEFAULTS.max_tokens),
        seed: answer.parameters.seed === undefined || answer.parameters.seed === null ? '' : String(answer.parameters.seed),
      }),
    ),
    inTurn: run.in_turn,
  }
}

/** Single precision on the wire: 0.7 comes back as 0.699999988. */
const shown = (value: number | undefined, fallback: string) =>
  value === undefined ? fallback : String(Math.round(value * 10_000) / 10_000)

const number = (typed: string) => Number(typed.trim().replace(',', '.'))

/** What the node is sent for one column; it checks the bounds. What is not a number is its default. */
export function parametersOf(column: ColumnDraft): PlaygroundParameters {
  const value = (typed: string, fallback: string) =>
    typed.trim() === '' || !Number.isFinite(number(typed)) ? Number(fallback) : number(typed)
  const seed = column.seed.trim() === '' ? undefined : Math.trunc(number(column.seed))
  return {
    temperature: value(column.temperature, DEFAULTS.temperature),
    top_p: value(column.top_p, DEFAULTS.top_p),
    max_tokens: Math.trunc(value(column.max_tokens, DEFAULTS.max_tokens)),
    ...(seed === undefined || !Number.isFinite(seed) ? {} : { seed }),
  }
}

/** The template part of a request. */
export function templateOf(draft: Draft, variables: readonly Variable[]): PlaygroundTemplate | undefined {
  if (draft.source !== 'template' || !draft.template) return undefined
  return { id: draft.template.id, version: draft.template.version, values: valuesOf(variables, draft.template.fields) }
}
