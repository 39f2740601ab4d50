import { queryOptions } from '@tanstack/react-query'
import type { CreationOptionsJson, CredentialJson, RequestOptionsJson } from '@/lib/webauthn'
import { api, clientFor } from './client'
import type { Operation } from './contract'
import { type ApiError, isApiError } from './error'
import { keys } from './queries'
import type { components } from './schema'
import type { Session } from './types'

type Schemas = components['schemas']

/** Which ways lead in, for the sign-in page. `login_path` begins a single sign-on and takes `next`. */
export type SignInOptions = Schemas['SignInWays']
export type SignUpMode = Schemas['SignUpMode']
export type SignUpState = Schemas['SignUpState']
export type SignUpInput = Schemas['AskForAccount']
export type Passkey = Schemas['Passkey']
export type CreatedPasskey = Schemas['CreatedPasskey']
export type TotpSetup = Schemas['TotpSetup']
export type AccountSecurity = Schemas['AccountSecurity']
/** Whose password a link resets, and how long a new one has to be. */
export type ResetCheck = Schemas['PasswordResetOffer']
/** What an invitation is for, before it is accepted. */
export type InvitationCheck = Schemas['InvitationOffer']
export type AcceptInvitation = Schemas['AcceptInvitation']
export type FactorMethod = 'totp' | 'passkey' | 'recovery_code'
/** The second half of a sign-in that began with the right password. */
export type SecondFactorChallenge = { challenge: string; methods: readonly FactorMethod[]; passkey_options: RequestOptionsJson | null }
export type SecondFactorInput = With<Schemas['SecondStepInput'], { passkey?: CredentialJson }>

/** What the document calls an object, in the forms that WebAuthn gives it. */
type With<Wire, Forms> = Omit<Wire, keyof Forms> & Forms
type Paths = {
  '/api/session/second-factor': { post: Operation<Session, SecondFactorInput> }
  '/api/session/passkey/options': {
    post: Operation<With<Schemas['PasskeyOptions'], { options: RequestOptionsJson }>, Record<string, never>>
  }
  '/api/session/passkey': { post: Operation<Session, With<Schemas['PasskeyLoginInput'], { credential: CredentialJson }>> }
  '/api/account/passkeys/options': {
    post: Operation<With<Schemas['PasskeyOptions'], { options: CreationOptionsJson }>, Schemas['ProvePassword']>
  }
  '/api/account/passkeys': { post: Operation<CreatedPasskey, With<Schemas['RegisterPasskey'], { credential: CredentialJson }>> }
}

/** The node's client for what carries passkeys. */
export const passkeyApi = clientFor<Paths>()

export const signInKey = keys.signIn

export const accountQueries = {
  /** Public: read before anybody is signed in. */
  signIn: () => queryOptions({ queryKey: signInKey, queryFn: ({ signal }) => api.get('/api/sign-in', { signal }), staleTime: 60_000 }),
  signUp: () =>
    queryOptions({ queryKey: [...signInKey, 'sign-up'] as const, queryFn: ({ signal }) => api.get('/api/sign-up', { signal }) }),
  invitation: (token: string) =>
    queryOptions({
      queryKey: [...signInKey, 'invitation', token] as const,
      queryFn: ({ signal }) => api.post('/api/invitations/check', { signal, body: { token } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  reset: (token: string) =>
    queryOptions({
      queryKey: [...signInKey, 'reset', token] as const,
      queryFn: ({ signal }) => api.post('/api/password-reset/check', { signal, body: { token } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  security: () =>
    queryOptions({
      queryKey: [...keys.account, 'security'] as const,
      queryFn: ({ signal }) => api.get('/api/account/security', { signal }),
    }),
}

/** The session as the node sees it now, after something about it has changed. */
export const readSessionAnew = () => api.get('/api/session')

export const isSession = (answer: Session | Schemas['SignUpWaiting']): answer is Session => 'person' in answer

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
