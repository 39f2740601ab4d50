import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, expect, test } from 'vitest'
import { domainIn } from '@/lib/domain'
import { ChipsField } from './chips-field'

afterEach(cleanup)

function Held() {
  const [values, setValues] = useState<string[]>([])
  return <ChipsField label="Domains" values={values} onChange={setValues} parse={domainIn} refusal={(text) => `${text} is none`} />
}
const field = () => screen.getByLabelText('Domains', { selector: 'input' })
const type = (value: string) => fireEvent.change(field(), { target: { value } })
const press = (key: string) => fireEvent.keyDown(field(), { key })
const chips = () => screen.queryAllByRole('listitem').map((item) => item.textContent)

test('Enter, a comma and a pasted list add values, each once', () => {
  render(<Held />)
  type('Example.com')
  press('Enter')
  type('two.example,')
  type('example.com three.example;')
  expect(chips()).toEqual(['example.com', 'two.example', 'three.example'])
})

test('what is no value stays in the field, with why', () => {
  render(<Held />)
  type('nonsense')
  press('Enter')
  expect(chips()).toEqual([])
  expect(field()).toHaveProperty('value', 'nonsense')
  expect(screen.getByText('nonsense is none')).toBeTruthy()
})

test('Backspace and the button take values back', () => {
  render(<Held />)
  type('one.example two.example ')
  press('Backspace')
  expect(chips()).toEqual(['one.example'])
  fireEvent.click(screen.getByRole('button', { name: 'Remove one.example' }))
  expect(chips()).toEqual([])
})
