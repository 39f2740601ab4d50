import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { CodeField } from './code-field'

afterEach(cleanup)

function Held({ onComplete }: { onComplete: (code: string) => void }) {
  const [code, setCode] = useState('')
  return <CodeField label="Code" value={code} onChange={setCode} onComplete={onComplete} />
}
const type = (value: string) => fireEvent.change(screen.getByLabelText('Code'), { target: { value } })

test('a code is sent with its last digit, once', () => {
  const onComplete = vi.fn()
  render(<Held onComplete={onComplete} />)
  type('12345')
  expect(onComplete).not.toHaveBeenCalled()
  type('123456')
  type('1234567')
  expect(onComplete).toHaveBeenCalledExactlyOnceWith('123456')
})

test('a pasted code may be grouped', () => {
  const onComplete = vi.fn()
  render(<Held onComplete={onComplete} />)
  type('123 456')
  expect(onComplete).toHaveBeenCalledWith('123456')
})

test('what is no digit is left out', () => {
  render(<Held onComplete={vi.fn()} />)
  type('a1b2')
  expect(screen.getByLabelText('Code')).toHaveProperty('value', '12')
})
