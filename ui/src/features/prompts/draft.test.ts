import { describe, expect, test } from 'vitest'
import type { PromptVersion } from '@/api/types'
import { draftOf, isSame, newVariable, undeclared, variableOf } from './draft'

const version: PromptVersion = {
  number: 1,
  body: 'Dear {{customer}}, {{amount}}',
  variables: [
    { name: 'customer', type: 'text', characters_max: 20, required: true },
    { name: 'amount', type: 'number', number_min: 0, whole: true, default: 5, required: false },
  ],
  note: '',
  author: 'A',
  created_at: '2026-01-01T00:00:00Z',
  restored_from: null,
}

describe('a draft', () => {
  test('says what the version says', () => {
    const draft = draftOf(version)
    expect(draft.variables.map(variableOf)).toEqual(
      version.variables
        .map((variable) => ({ characters_min: undefined, number_max: undefined, ...variable }))
        .map((variable) =>
          variable.type === 'text'
            ? { name: 'customer', type: 'text', required: true, characters_min: undefined, characters_max: 20 }
            : { name: 'amount', type: 'number', required: false, default: 5, number_min: 0, number_max: undefined, whole: true },
        ),
    )
    expect(isSame(draft, draftOf(version))).toBe(true)
  })

  test('leaves out the bounds of another type', () => {
    const draft = { ...newVariable('when'), type: 'date' as const, min: '2026-01-01', whole: true, options: 'a' }
    expect(variableOf(draft)).toEqual({ name: 'when', type: 'date', required: true, date_min: '2026-01-01', date_max: undefined })
  })

  test('sends what is no number as it was typed, for the node to refuse', () => {
    expect(variableOf({ ...newVariable('n'), type: 'number', default: 'many' }).default).toBe('many')
    expect(variableOf({ ...newVariable('n'), type: 'number', default: '1,5' }).default).toBe(1.5)
  })

  test('knows which names are not declared yet', () => {
    const body = '{{b}} {{ a }} {{b}} \\{{c}} {{customer}} {{Bad}}'
    expect(undeclared({ ...draftOf(version), body })).toEqual(['b', 'a'])
  })
})
