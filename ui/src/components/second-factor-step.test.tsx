import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { SecondFactorStep } from './second-factor-step'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const refuse = (code: string) => Response.json({ error: { code, message: 'the code is not right', request_id: 'r' } }, { status: 401 })

/** Shows the step in front of a node that answers as told; returns what was sent and who was called. */
function show(answer: () => Response) {
  const sent: unknown[] = []
  vi.stubGlobal('fetch', async (_: unknown, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)))
    return answer()
  })
  const onSession = vi.fn(async () => undefined)
  const onRestart = vi.fn()
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SecondFactorStep
        challenge={{ challenge: 'ch_1', methods: ['totp', 'recovery_code'], passkey_options: null }}
        onSession={onSession}
        onRestart={onRestart}
      />
    </QueryClientProvider>,
  )
  return { sent, onSession, onRestart }
}
const code = () => screen.getByLabelText('Code from your authenticator app')

test('six digits are sent at once', async () => {
  const { sent, onSession } = show(() => Response.json({ person: {} }))
  fireEvent.change(code(), { target: { value: '123456' } })
  await waitFor(() => expect(onSession).toHaveBeenCalled())
  expect(sent).toEqual([{ challenge: 'ch_1', code: '123456' }])
})

test('a wrong code empties the field and says so', async () => {
  const { onRestart } = show(() => refuse('wrong_code'))
  fireEvent.change(code(), { target: { value: '123456' } })
  expect((await screen.findByRole('alert')).textContent).toContain('The code is not right')
  expect(code()).toHaveProperty('value', '')
  expect(onRestart).not.toHaveBeenCalled()
})

test('too late leads back to the password', async () => {
  const { onRestart } = show(() => refuse('challenge_expired'))
  fireEvent.change(code(), { target: { value: '123456' } })
  await waitFor(() => expect(onRestart).toHaveBeenCalledWith(true))
})

test('a recovery code goes as one', async () => {
  const { sent, onSession } = show(() => Response.json({ person: {} }))
  fireEvent.click(screen.getByRole('button', { name: 'Use a recovery code' }))
  fireEvent.change(screen.getByLabelText('Recovery code'), { target: { value: ' ab12-cd34 ' } })
  fireEvent.click(screen.getByRole('button', { name: 'Sign in' }))
  await waitFor(() => expect(onSession).toHaveBeenCalled())
  expect(sent).toEqual([{ challenge: 'ch_1', recovery_code: 'ab12-cd34' }])
})
