import type { MailInput, MailSecurity, MailSettings } from '@/api/mail-queries'

/** Where such a server listens as a rule (RFC 8314; RFC 5321, 4.5.4.2). */
const USUAL_PORTS: Record<MailSecurity, number> = { start_tls: 587, tls: 465, plain: 25 }
export const SECURITIES = ['start_tls', 'tls', 'plain'] as const

/** The mail server as it stands in the form: every figure a text. */
export type Draft = {
  enabled: boolean
  host: string
  port: string
  security: MailSecurity
  ca_pem: string
  user: string
  password: string
  has_password: boolean
  sender: string
  sender_name: string
}

export const EMPTY: Draft = {
  enabled: true,
  host: '',
  port: String(USUAL_PORTS.start_tls),
  security: 'start_tls',
  ca_pem: '',
  user: '',
  password: '',
  has_password: false,
  sender: '',
  sender_name: 'Guildhall',
}

export const draftOf = (settings: MailSettings): Draft => ({
  enabled: settings.enabled,
  host: settings.host,
  port: String(settings.port),
  security: settings.security,
  ca_pem: settings.ca_pem ?? '',
  user: settings.user ?? '',
  password: '',
  has_password: settings.has_password,
  sender: settings.sender,
  sender_name: settings.sender_name,
})

/** Another encryption comes with another port, where the port was the usual one. */
export const withSecurity = (draft: Draft, security: MailSecurity): Draft => ({
  ...draft,
  security,
  port: draft.port.trim() === String(USUAL_PORTS[draft.security]) ? String(USUAL_PORTS[security]) : draft.port,
})

const said = (text: string) => text.trim() || null

/** What is sent. A password that was not typed is left out, so that the one that is there stays. */
export const toInput = (draft: Draft): MailInput => ({
  enabled: draft.enabled,
  host: draft.host.trim(),
  port: Number(draft.port),
  security: draft.security,
  ca_pem: draft.security === 'plain' ? null : said(draft.ca_pem),
  user: said(draft.user),
  ...(draft.user.trim() && draft.password ? { password: draft.password } : {}),
  sender: draft.sender.trim(),
  sender_name: draft.sender_name.trim(),
})

/** Whether the form says enough to be sent; the node checks again. */
export function isWhole(draft: Draft): boolean {
  const port = Number(draft.port)
  const login = draft.user.trim() === '' || draft.password !== '' || draft.has_password
  return draft.host.trim() !== '' && draft.sender.trim() !== '' && login && Number.isInteger(port) && port > 0 && port < 65_536
}
