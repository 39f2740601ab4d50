import { QueryClient } from '@tanstack/react-query'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Upload } from '@/api/types'
import { belongsTo, nextPieceBytes, upload } from './transfers'

const FILE = new File([new Uint8Array(3_000_000)], 'small.gguf')
const BEGUN: Upload = {
  id: 'upl_1',
  file_name: 'small.gguf',
  name: 'small',
  size_bytes: FILE.size,
  received_bytes: 0,
  chunk_bytes_max: 64 << 20,
  state: 'receiving',
  refusal: null,
  inspection: null,
  verdict: null,
  sha256: null,
  created_at: '2026-11-20T10:00:00Z',
  expires_at: '2026-11-27T10:00:00Z',
}
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

/** A node that takes pieces; `interrupt` makes the second one break off half-way. */
function node(start: number, interrupt = false) {
  const offsets: number[] = []
  let received = start
  let broken = !interrupt
  const now = (): Upload => ({ ...BEGUN, received_bytes: received, state: received === FILE.size ? 'received' : 'receiving' })
  const answer = (url: string, init: RequestInit): Response => {
    if (init.method === 'POST') return json(BEGUN, 201)
    if (init.method === 'GET') return json(url.endsWith('/uploads') ? { items: start > 0 ? [now()] : [], next_cursor: null } : now())
    offsets.push(Number(new URL(url, 'http://node').searchParams.get('offset')))
    const bytes = init.body instanceof ArrayBuffer ? init.body.byteLength : 0
    if (offsets.length === 2 && !broken) {
      broken = true
      received += 1_000
      throw new TypeError('network')
    }
    received += bytes
    return json(now())
  }
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => Promise.resolve().then(() => answer(url, init)))
  return { offsets, received: () => received }
}

afterEach(() => vi.unstubAllGlobals())

describe('an upload', () => {
  test('sends the file in pieces, each where the one before ended', async () => {
    const { offsets, received } = node(0)
    await upload(new QueryClient(), FILE)
    await vi.waitFor(() => expect(received()).toBe(FILE.size))
    expect(offsets[0]).toBe(0)
    expect(offsets[1]).toBe(1 << 20)
  })

  test('goes on from what the node has when the same file is chosen again', async () => {
    const { offsets, received } = node(2_000_000)
    await upload(new QueryClient(), FILE)
    await vi.waitFor(() => expect(received()).toBe(FILE.size))
    expect(offsets).toEqual([2_000_000])
  })

  test('asks the node where to go on after a piece broke off', async () => {
    const { offsets, received } = node(0, true)
    await upload(new QueryClient(), FILE)
    await vi.waitFor(() => expect(received()).toBe(FILE.size), { timeout: 5_000 })
    expect(offsets[2]).toBe((1 << 20) + 1_000)
  })
})

test('a file belongs to an upload by name and size, while it wants more', () => {
  expect(belongsTo(FILE, BEGUN)).toBe(true)
  expect(belongsTo({ name: 'small.gguf', size: 1 }, BEGUN)).toBe(false)
  expect(belongsTo(FILE, { ...BEGUN, state: 'refused' })).toBe(false)
})

test('pieces grow with the speed, at most twice at a time and never past what the node takes', () => {
  expect(nextPieceBytes(1_000_000, 100, 64_000_000)).toBe(2_000_000)
  expect(nextPieceBytes(1_000_000, 1_400, 64_000_000)).toBe(500_000)
  expect(nextPieceBytes(60_000_000, 100, 64_000_000)).toBe(64_000_000)
  expect(nextPieceBytes(1_000_000, 60_000, 64_000_000)).toBe(256 << 10)
})
