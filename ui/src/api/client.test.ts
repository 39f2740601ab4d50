import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { api, buildUrl, setCsrfToken } from './client'
import { ApiError } from './error'

const fetchMock = vi.fn<typeof fetch>()
const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
const refusal = (code: string, extra: object = {}) => ({ error: { code, message: 'this is why', request_id: 'req_1', ...extra } })
const headersOf = (call: number) => new Headers(fetchMock.mock.calls[call]?.[1]?.headers)

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ApiError)
  if (!(error instanceof ApiError)) throw error
  return error
}

beforeEach(() => vi.stubGlobal('fetch', fetchMock))
afterEach(() => {
  fetchMock.mockReset()
  vi.unstubAllGlobals()
  vi.useRealTimers()
  setCsrfToken(null)
})

describe('requests', () => {
  test('fill the path, encode it, and leave empty query parameters out', () => {
    expect(buildUrl('/api/ves/{id}/messages', { id: 've/1 ?' }, { cursor: undefined, limit: 20, q: '' })).toBe(
      '/api/ves/ve%2F1%20%3F/messages?limit=20',
    )
  })

  test('that change something carry the CSRF token and an idempotency key; reads do not', async () => {
    setCsrfToken('token-1')
    fetchMock.mockImplementation(async () => json(200, { items: [] }))
    await api.get('/api/models')
    await api.post('/api/account/api-keys', { body: { name: 'n' } })
    expect(headersOf(0).has('x-csrf-token')).toBe(false)
    expect(headersOf(0).has('idempotency-key')).toBe(false)
    expect(headersOf(1).get('x-csrf-token')).toBe('token-1')
    expect(headersOf(1).get('idempotency-key')).toMatch(/^[0-9a-f]{32}$/)
    expect(headersOf(1).get('content-type')).toBe('application/json')
  })

  test('without a body send none, and 204 gives nothing', async () => {
    fetchMock.mockResolvedValue(new Response(null, { status: 204 }))
    await expect(api.delete('/api/ves/{id}', { path: { id: 've_1' } })).resolves.toBeUndefined()
    expect(fetchMock.mock.calls[0]?.[1]?.body).toBeUndefined()
    expect(headersOf(0).has('content-type')).toBe(false)
  })

  test('are tried again after 503 with the same key, and give up after the second retry', async () => {
    vi.useFakeTimers()
    fetchMock.mockImplementation(async () => json(503, refusal('busy'), { 'retry-after': '1' }))
    const result = failure(api.post('/api/admin/organisations', { body: { name: 'n' } }))
    await vi.advanceTimersByTimeAsync(5_000)
    expect((await result).code).toBe('busy')
    expect(fetchMock).toHaveBeenCalledTimes(3)
    expect(new Set([0, 1, 2].map((call) => headersOf(call).get('idempotency-key'))).size).toBe(1)
  })
})

describe('errors', () => {
  test('of the node keep code, message, request id, fields and the time to wait', async () => {
    const fields = [{ field: 'email', code: 'taken', message: 'is taken' }]
    fetchMock.mockImplementation(async () => json(429, refusal('too_many_attempts', { details: { fields } }), { 'retry-after': '30' }))
    const error = await failure(api.get('/api/session'))
    expect(error).toMatchObject({
      code: 'too_many_attempts',
      status: 429,
      message: 'this is why',
      request_id: 'req_1',
      retry_after_seconds: 30,
    })
    expect(error.field('email')).toBe('is taken')
    expect(error.field('name')).toBeUndefined()
  })

  test('that are not ours say the status', async () => {
    fetchMock.mockImplementation(
      async () => new Response('<html>bad gateway</html>', { status: 502, headers: { 'x-request-id': 'req_9' } }),
    )
    expect(await failure(api.get('/api/session'))).toMatchObject({ code: 'http_502', status: 502, request_id: 'req_9' })
  })

  test('of the network are "unreachable"', async () => {
    fetchMock.mockRejectedValue(new TypeError('fetch failed'))
    expect(await failure(api.get('/api/session'))).toMatchObject({ code: 'unreachable', status: 0, request_id: null })
  })

  test('an abort stays an abort', async () => {
    const abort = new AbortController()
    fetchMock.mockImplementation(async () => {
      abort.abort()
      throw new DOMException('aborted', 'AbortError')
    })
    await expect(api.get('/api/session', { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
