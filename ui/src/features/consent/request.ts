import type { AuthorizeRequest } from '@/api/token-queries'

/** What an application asks for, from the query of the consent page. The node checks all of it. */
export function requestFrom(query: string): AuthorizeRequest {
  const found = new URLSearchParams(query)
  const text = (name: string) => found.get(name) ?? ''
  const resource = found.get('resource')
  return {
    client_id: text('client_id'),
    redirect_uri: text('redirect_uri'),
    scope: text('scope'),
    state: text('state'),
    code_challenge: text('code_challenge'),
    code_challenge_method: text('code_challenge_method'),
    response_type: text('response_type'),
    ...(resource ? { resource } : {}),
  }
}

/** Where an answer goes: to a program on the reader's own computer, to another app, or to a site. */
export type Destination = { kind: 'loopback' | 'app' | 'site'; name: string }

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export function destinationOf(redirect_uri: string): Destination | undefined {
  if (!URL.canParse(redirect_uri)) return undefined
  const url = new URL(redirect_uri)
  if (LOOPBACK.has(url.hostname)) return { kind: 'loopback', name: url.host }
  if (url.protocol === 'https:' || url.protocol === 'http:') return { kind: 'site', name: url.host }
  return { kind: 'app', name: url.protocol.slice(0, -1) }
}

/** Schemes that would run or show something here instead of leading away. */
const NEVER = new Set(['javascript:', 'data:', 'blob:', 'vbscript:', 'file:'])

/** The node answers with an address of the application's own; anything that is not one is not followed. */
export const mayFollow = (redirect_to: string): boolean => URL.canParse(redirect_to) && !NEVER.has(new URL(redirect_to).protocol)
