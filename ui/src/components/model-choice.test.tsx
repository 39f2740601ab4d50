import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { ModelChoice } from '@/api/types'
import { ModelPicker } from './model-choice'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const choice = (model: string, more: Partial<ModelChoice>): ModelChoice => ({
  model,
  title: model,
  mode: 'generative',
  available: true,
  note: '',
  base: null,
  ...more,
})

test('an adapter stands behind its model, says whose it is and can be picked in its place', async () => {
  const items = [
    choice('large', { title: 'Large model', note: 'Q4_K, 1.1B parameters' }),
    choice('tone', { title: 'Our tone', note: 'An adapter of Large model', base: 'large' }),
    choice('other', { title: 'Other model', available: false }),
  ]
  vi.stubGlobal('fetch', async () => Response.json({ items, next_cursor: null }))
  const picked = vi.fn()
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ModelPicker value="large" onChange={picked} />
    </QueryClientProvider>,
  )
  const tone = await screen.findByRole('radio', { name: /Our tone/ })
  const shown = screen.getAllByRole('radio').map((radio) => radio.getAttribute('value'))
  expect(shown).toEqual(['large', 'tone', 'other'])
  expect(tone).toHaveProperty('checked', false)
  expect(screen.getByText('An adapter of Large model.')).toBeTruthy()
  expect(screen.getByRole('radio', { name: /Other model/ })).toHaveProperty('disabled', true)
  fireEvent.click(tone)
  expect(picked).toHaveBeenCalledWith('tone')
})
