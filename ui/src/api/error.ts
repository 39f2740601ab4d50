import type { ErrorBody, FieldError } from './types'

/** A refusal of the node, or the failure to reach it (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly status: number
  readonly request_id: string | null
  readonly fields: readonly FieldError[]
  /** Seconds the node asks to wait before the next try. */
  readonly retry_after_seconds: number | null
  /** What the refusal says beyond its sentence, such as the challenge of a second factor. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(details: {
    code: string
    message: string
    status: number
    request_id?: string | null
    fields?: readonly FieldError[]
    retry_after_seconds?: number | null
    details?: Readonly<Record<string, unknown>>
  }) {
    super(details.message)
    this.code = details.code
    this.status = details.status
    this.request_id = details.request_id ?? null
    this.fields = details.fields ?? []
    this.retry_after_seconds = details.retry_after_seconds ?? null
    this.details = details.details ?? {}
  }

  /** The message for one field of the request body, if the node named it. */
  field(name: string): string | undefined {
    return this.fields.find((item) => item.field === name)?.message
  }
}

export const isApiError = (error: unknown, code?: string): error is ApiError =>
  error instanceof ApiError && (code === undefined || error.code === code)

const isErrorBody = (body: unknown): body is ErrorBody =>
  typeof body === 'object' &&
  body !== null &&
  'error' in body &&
  typeof body.error === 'object' &&
  body.error !== null &&
  'code' in body.error &&
  'message' in body.error

const retryAfter = (response: Response): number | null => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds : null
}

/** Reads a refused response. A body that is not ours (a proxy's page) becomes code `http_<status>`. */
export async function errorFromResponse(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null)
  const common = { status: response.status, retry_after_seconds: retryAfter(response) }
  if (!isErrorBody(body)) {
    const request_id = response.headers.get('x-request-id')
    return new ApiError({
      ...common,
      code: `http_${response.status}`,
      message: `the node answered with status ${response.status}`,
      request_id,
    })
  }
  return errorFromBody(body, common)
}

/** Reads an error object, from a response body or from an `error` event of a stream. */
export function errorFromBody(body: ErrorBody, common: { status: number; retry_after_seconds?: number | null }): ApiError {
  const { code, message, request_id, details } = body.error
  return new ApiError({ ...common, code, message, request_id, fields: details?.fields ?? [], details: { ...details } })
}

export const unreachable = () =>
  new ApiError({ code: 'unreachable', message: 'the node cannot be reached; check that it runs and try again', status: 0 })
