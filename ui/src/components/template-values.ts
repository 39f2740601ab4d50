import type { TemplateValue, Variable } from '@/api/types'

/** What stands in the fields of a form, by variable: text as typed, also for numbers; a truth value for switches. */
export type FieldValues = Record<string, string | boolean>

/** What the node is sent: fields left empty are left out, numbers are numbers. What is not a number goes as text, to be refused by name. */
export function valuesOf(variables: readonly Variable[], fields: FieldValues): Record<string, TemplateValue> {
  const values: Record<string, TemplateValue> = {}
  for (const { name, type } of variables) {
    const field = fields[name]
    if (field === undefined || (typeof field === 'string' && field.trim() === '')) continue
    values[name] = type === 'number' && typeof field === 'string' ? numberOf(field) : field
  }
  return values
}

/** A decimal comma is a comma that people type. */
function numberOf(text: string): number | string {
  const number = Number(text.trim().replace(',', '.'))
  return Number.isFinite(number) ? number : text
}

/** The fields that show stored values again. */
export function fieldsOf(values: Record<string, TemplateValue>): FieldValues {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'boolean' ? value : String(value)]))
}

/** Whether everything that must be filled in is. */
export const isFilled = (variables: readonly Variable[], fields: FieldValues) => {
  const values = valuesOf(variables, fields)
  return variables.every((variable) => variable.required === false || variable.default !== undefined || values[variable.name] !== undefined)
}
