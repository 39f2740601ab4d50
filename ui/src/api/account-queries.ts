import { queryOptions } from '@tanstack/react-query'
import type { CreationOptionsJson, CredentialJson, RequestOptionsJson } from '@/lib/webauthn'
import { api, clientFor } from './client'
import type { Operation } from './contract'
import { type ApiError, isApiError } from './error'
import { keys } from './queries'
import type { Session } from './types'

/** Which ways lead in, for the sign-in page. `login_path` begins a single sign-on and takes `next`. */
export type SignInOptions = {
  password: boolean
  passkey: boolean
  directories: { id: string; name: string }[]
  providers: { id: string; kind: 'saml' | 'oidc'; name: string; login_path: string }[]
  sign_up: SignUpMode
}
export type SignUpMode = 'off' | 'approval' | 'open'
export type FactorMethod = 'totp' | 'passkey' | 'recovery_code'
/** The second half of a sign-in that began with the right password. */
export type SecondFactorChallenge = { challenge: string; methods: readonly FactorMethod[]; passkey_options: RequestOptionsJson | null }
export type SecondFactorInput = { challenge: string; code?: string; recovery_code?: string; passkey?: CredentialJson }
export type Passkey = { id: string; name: string; created_at: string; last_used_at: string | null }
export type CreatedPasskey = Passkey & { recovery_codes: string[] | null }
export type TotpSetup = { secret: string; uri: string; qr_svg: string }
export type AccountSecurity = {
  has_password: boolean
  totp: { enabled: boolean; confirmed_at: string | null }
  passkeys: Passkey[]
  recovery_codes_left: number
  second_factor_required: boolean
  sources: { source: string; name: string }[]
}
/** What an invitation is for, before it is accepted. */
export type InvitationCheck = {
  organisation: { id: string; name: string }
  email: string | null
  role: string
  role_title: string
  expires_at: string
  has_account: boolean
}
export type AcceptInvitation = { token: string; email?: string; display_name?: string; password?: string }
export type SignUpInput = { email: string; display_name: string; password: string; organisation: string }

type Challenged<Options> = { challenge: string; options: Options }

type Paths = {
  '/api/sign-in': { get: Operation<SignInOptions> }
  '/api/session/second-factor': { post: Operation<Session, SecondFactorInput> }
  '/api/session/passkey/options': { post: Operation<Challenged<RequestOptionsJson>, Record<string, never>> }
  '/api/session/passkey': { post: Operation<Session, { challenge: string; credential: CredentialJson }> }
  '/api/invitations/check': { post: Operation<InvitationCheck, { token: string }> }
  '/api/invitations/accept': { post: Operation<Session, AcceptInvitation> }
  '/api/sign-up': { get: Operation<{ mode: SignUpMode }>; post: Operation<Session | { state: 'waiting' }, SignUpInput> }
  '/api/account/security': { get: Operation<AccountSecurity> }
  '/api/account/totp': { post: Operation<TotpSetup, { password: string }> }
  '/api/account/totp/confirm': { post: Operation<{ recovery_codes: string[] }, { code: string }> }
  '/api/account/totp/remove': { post: Operation<undefined, { password: string }> }
  '/api/account/passkeys/options': { post: Operation<Challenged<CreationOptionsJson>, { password: string }> }
  '/api/account/passkeys': { post: Operation<CreatedPasskey, { challenge: string; name: string; credential: CredentialJson }> }
  '/api/account/passkeys/{id}': { patch: Operation<Passkey, { name: string }>; delete: Operation<undefined> }
  '/api/account/recovery-codes': { post: Operation<{ recovery_codes: string[] }, { password: string }> }
}

/** Sign-in, sign-up, invitations and the factors of one's own account. */
export const accountApi = clientFor<Paths>()

export const signInKey = ['sign-in'] as const

export const accountQueries = {
  /** Public: read before anybody is signed in. */
  signIn: () =>
    queryOptions({ queryKey: signInKey, queryFn: ({ signal }) => accountApi.get('/api/sign-in', { signal }), staleTime: 60_000 }),
  signUp: () =>
    queryOptions({ queryKey: [...signInKey, 'sign-up'] as const, queryFn: ({ signal }) => accountApi.get('/api/sign-up', { signal }) }),
  invitation: (token: string) =>
    queryOptions({
      queryKey: [...signInKey, 'invitation', token] as const,
      queryFn: ({ signal }) => accountApi.post('/api/invitations/check', { signal, body: { token } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  security: () =>
    queryOptions({
      queryKey: [...keys.account, 'security'] as const,
      queryFn: ({ signal }) => accountApi.get('/api/account/security', { signal }),
    }),
}

/** The session as the node sees it now, after something about it has changed. */
export const readSessionAnew = () => api.get('/api/session')

export const isSession = (answer: Session | { state: 'waiting' }): answer is Session => 'person' in answer

const METHODS: readonly FactorMethod[] = ['totp', 'passkey', 'recovery_code']
const isOptions = (value: unknown): value is RequestOptionsJson => typeof value === 'object' && value !== null

/** What the refusal of a right password asks for, or `null` when the refusal is another. */
export function challengeIn(error: unknown): SecondFactorChallenge | null {
  if (!isApiError(error, 'second_factor_required')) return null
  const { challenge, methods, passkey_options } = error.details
  if (typeof challenge !== 'string') return null
  const offered = Array.isArray(methods) ? METHODS.filter((method) => methods.includes(method)) : METHODS
  return { challenge, methods: offered, passkey_options: isOptions(passkey_options) ? passkey_options : null }
}

/** Whether the refusal means that the sign-in has to begin again. */
export const hasExpired = (error: unknown): error is ApiError => isApiError(error, 'challenge_expired')
