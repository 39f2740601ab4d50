import { ApiError, errorFromResponse, unreachable } from './error'
import type { paths } from './schema'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsWith<Api, M extends Method> = { [P in keyof Api]: M extends keyof Api[P] ? P : never }[keyof Api]
type OperationOf<Api, P extends keyof Api, M extends Method> = M extends keyof Api[P] ? Api[P][M] : never
type JsonOf<Content> = Content extends { content: { 'application/json': infer Body } } ? Body : undefined
type Success<Op> = Op extends { responses: infer R } ? JsonOf<R[Extract<keyof R, 200 | 201 | 202>]> : never
type BodyOf<Op> = Op extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : never
type QueryOf<Op> = Op extends { parameters: { query?: infer Query } } ? Query : never
type Parameter<P> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Parameter<Rest> : never

type PathOption<P> = [Parameter<P>] extends [never] ? { path?: undefined } : { path: Record<Parameter<P>, string> }
type BodyOption<Op> = [BodyOf<Op>] extends [never] ? { body?: undefined } : { body: BodyOf<Op> }
type QueryOption<Op> = [QueryOf<Op>] extends [never] ? { query?: undefined } : { query?: QueryOf<Op> }
type Common = {
  signal?: AbortSignal
  /** One key per intended change. A key is made per call when none is given; give one to keep it over several clicks. */
  idempotencyKey?: string
}
type Options<Api, P extends keyof Api, M extends Method> = Common &
  PathOption<P> &
  BodyOption<OperationOf<Api, P, M>> &
  QueryOption<OperationOf<Api, P, M>>
type Arguments<O> = Record<never, never> extends O ? [options?: O] : [options: O]

/** At most this many further tries after `503` with `Retry-After`, all with the same idempotency key. */
const RETRIES_MAX = 2
const RETRY_WAIT_MAX_SECONDS = 5

let csrfToken: string | null = null
/** Set from the session body; sent on every request that changes something. */
export const setCsrfToken = (token: string | null) => {
  csrfToken = token
}

/** Headers every changing request needs, also the streaming ones. */
export function changeHeaders(hasBody: boolean, idempotencyKey?: string): Record<string, string> {
  return {
    'idempotency-key': idempotencyKey ?? newKey(),
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    ...(csrfToken ? { 'x-csrf-token': csrfToken } : {}),
  }
}

/** 128 random bits; `crypto.randomUUID` is missing where the page is not a secure context. */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export type QueryValue = string | number | boolean | null | undefined
/** Fills `{name}` places and appends the query, leaving out what is undefined or empty. */
export function buildUrl(template: string, path: Record<string, string> = {}, query: Record<string, QueryValue> = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value))
  }
  return parameters.size > 0 ? `${filled}?${parameters}` : filled
}

/** `fetch` that turns every failure into an `ApiError`; an abort stays an abort. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init })
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    throw unreachable()
  }
  if (!response.ok) throw await errorFromResponse(response)
  return response
}

async function sendWithRetry(url: string, init: RequestInit): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send(url, init)
    } catch (error) {
      const wait = error instanceof ApiError && error.status === 503 ? error.retry_after_seconds : null
      if (wait === null || wait > RETRY_WAIT_MAX_SECONDS || attempt >= RETRIES_MAX) throw error
      await new Promise((resolve) => setTimeout(resolve, wait * 1000))
    }
  }
}

type AnyOptions = Common & { path?: Record<string, string>; body?: unknown; query?: Record<string, QueryValue> }

async function request(method: Method, template: string, options: AnyOptions = {}): Promise<unknown> {
  const change = method === 'get' ? {} : changeHeaders(options.body !== undefined, options.idempotencyKey)
  const response = await sendWithRetry(buildUrl(template, options.path, options.query), {
    method: method.toUpperCase(),
    headers: { accept: 'application/json', ...change },
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
  })
  return response.status === 204 ? undefined : response.json()
}

const verb =
  <Api, M extends Method>(method: M) =>
  <P extends PathsWith<Api, M> & string>(template: P, ...[options]: Arguments<Options<Api, P, M>>) =>
    // The one place where wire data gets its type: the server's OpenAPI document vouches for it.
    request(method, template, options as AnyOptions | undefined) as Promise<Success<OperationOf<Api, P, M>>>

/** A typed client for the operations of one OpenAPI document. */
export const clientFor = <Api>() => ({
  get: verb<Api, 'get'>('get'),
  post: verb<Api, 'post'>('post'),
  put: verb<Api, 'put'>('put'),
  patch: verb<Api, 'patch'>('patch'),
  delete: verb<Api, 'delete'>('delete'),
})

/** The node's client: `api.get('/api/ves/{id}', { path: { id } })`. */
export const api = clientFor<paths>()
