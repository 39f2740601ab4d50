import { fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { expect, test, vi } from 'vitest'
import { ApiError } from '@/api/error'
import { initials } from './avatar'
import { ErrorState, FormError } from './error-state'
import { Field, Select, Switch } from './field'
import { PasswordField } from './password-field'
import { Tabs } from './tabs'

const refusal = (fields: { field: string; code: string; message: string }[] = []) =>
  new ApiError({ code: 'model_too_large', message: 'the model needs 23 GB; pick a smaller one', status: 409, request_id: 'req_42', fields })

test('an error says why as a sentence, gives the request id, and offers another try', () => {
  const retry = vi.fn()
  render(<ErrorState error={refusal()} onRetry={retry} />)
  expect(screen.getByRole('alert').textContent).toContain('The model needs 23 GB; pick a smaller one.')
  expect(screen.getByText(/req_42/)).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(retry).toHaveBeenCalledOnce()
})

test('an error about fields that are shown beside their inputs is not said twice', () => {
  const error = refusal([{ field: 'email', code: 'taken', message: 'is taken' }])
  const { rerender } = render(<FormError error={error} fields={['email']} />)
  expect(screen.queryByRole('alert')).toBeNull()
  rerender(<FormError error={error} fields={['name']} />)
  expect(screen.getByRole('alert')).toBeTruthy()
})

test('a field ties its label, its error and its state together', () => {
  render(<Field label="E-mail" error="is already taken" defaultValue="a@b" />)
  const input = screen.getByLabelText('E-mail')
  expect(input.getAttribute('aria-invalid')).toBe('true')
  const described = document.getElementById(input.getAttribute('aria-describedby') ?? '')
  expect(described?.textContent).toBe('Is already taken.')
})

test('a select only gives values it was offered', () => {
  const change = vi.fn()
  render(
    <Select
      label="Role"
      value="staff"
      onChange={change}
      items={[
        ['admin', 'Administrator'],
        ['staff', 'Staff'],
      ]}
    />,
  )
  fireEvent.change(screen.getByLabelText('Role'), { target: { value: 'admin' } })
  expect(change).toHaveBeenCalledWith('admin')
})

test('a switch says its state and flips it', () => {
  const change = vi.fn()
  render(<Switch label="Shortcuts" checked={false} onChange={change} />)
  const control = screen.getByRole('switch', { name: 'Shortcuts' })
  expect(control.getAttribute('aria-checked')).toBe('false')
  fireEvent.click(control)
  expect(change).toHaveBeenCalledWith(true)
})

test('a password can be shown and hidden again', () => {
  render(<PasswordField label="Password" value="secret" onChange={() => undefined} />)
  const input = screen.getByLabelText('Password')
  expect(input.getAttribute('type')).toBe('password')
  fireEvent.click(screen.getByRole('button', { name: 'Show password' }))
  expect(input.getAttribute('type')).toBe('text')
})

test('tabs move with the arrows and wrap round', () => {
  function Three() {
    const [tab, setTab] = useState('a')
    const items = ['a', 'b', 'c'].map((id) => ({ id, label: id, body: <p>panel {id}</p> }))
    return <Tabs label="Letters" items={items} value={tab} onChange={setTab} />
  }
  render(<Three />)
  const press = (key: string) => fireEvent.keyDown(screen.getByRole('tablist'), { key })
  press('ArrowRight')
  expect(screen.getByRole('tabpanel').textContent).toBe('panel b')
  press('End')
  expect(screen.getByRole('tab', { selected: true }).textContent).toBe('c')
  press('ArrowRight')
  expect(screen.getByRole('tab', { selected: true }).textContent).toBe('a')
  press('ArrowLeft')
  expect(screen.getByRole('tab', { selected: true }).textContent).toBe('c')
})

test.each([
  ['Hanna Berg', 'HB'],
  ['Inês de Carvalho', 'IC'],
  ['  madonna ', 'M'],
  ['', ''],
])('the initials of "%s" are %s', (name, expected) => expect(initials(name)).toBe(expected))
