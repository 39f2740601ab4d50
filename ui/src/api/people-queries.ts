import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { SignUpMode } from './account-queries'
import { clientFor } from './client'
import type { List, Operation } from './contract'
import { keys } from './queries'
import type { Member } from './types'

/** A person of the organisation, with where the account comes from and what guards it. */
export type PersonRow = Omit<Member, 'role'> & {
  role: string
  role_title?: string
  /** The directory, identity provider or SCIM token that manages the membership. */
  source?: string | null
  second_factor?: boolean
  locked_until?: string | null
}
/** `temporary_password` is `null` for somebody who has an account on this node already. */
export type AddedPerson = { member: PersonRow; temporary_password: string | null }
export type InvitationState = 'open' | 'used' | 'expired' | 'withdrawn'
export type Invitation = {
  id: string
  email: string | null
  role: string
  role_title?: string
  created_at: string
  expires_at: string
  created_by_name: string | null
  state: InvitationState
}
export type NewInvitation = { email?: string; role: string; expires_in_days?: number }
export type SignUpRules = { mode: SignUpMode; allowed_domains: string[]; blocked_domains: string[] }
export type SignUpRequest = {
  id: string
  email: string
  display_name: string
  organisation: string
  created_at: string
  address: string | null
}
export type SecondFactorRule = 'optional' | 'administrators' | 'everyone'
export type SecuritySettings = {
  password_length_min: number
  second_factor: SecondFactorRule
  session_idle_minutes: number
  session_max_hours: number
}

type Page<Item> = { items: Item[]; next_cursor: string | null }
type Paged<Item> = Operation<Page<Item>> & { parameters: { query?: { cursor?: string; limit?: number } } }

type Paths = {
  '/api/admin/people': { get: Paged<PersonRow>; post: Operation<AddedPerson, { email: string; display_name: string; role: string }> }
  '/api/admin/people/{id}': { patch: Operation<PersonRow, { role?: string; disabled?: boolean }> }
  '/api/admin/people/{id}/reset-second-factors': { post: Operation<undefined> }
  '/api/admin/people/{id}/platform-administrator': { put: Operation<undefined>; delete: Operation<undefined> }
  '/api/admin/people/{id}/end-sessions': { post: Operation<undefined> }
  '/api/admin/invitations': { get: Paged<Invitation>; post: Operation<{ invitation: Invitation; url: string }, NewInvitation> }
  '/api/admin/invitations/{id}': { delete: Operation<undefined> }
  '/api/admin/sign-up': { get: Operation<SignUpRules>; put: Operation<SignUpRules, SignUpRules> }
  '/api/admin/sign-ups': { get: Operation<List<SignUpRequest>> }
  '/api/admin/sign-ups/{id}/approve': { post: Operation<undefined> }
  '/api/admin/sign-ups/{id}/refuse': { post: Operation<undefined> }
  '/api/admin/security': { get: Operation<SecuritySettings>; put: Operation<SecuritySettings, SecuritySettings> }
}

/** People, invitations, sign-up rules and the rules of sign-in that hold for everybody. */
export const peopleApi = clientFor<Paths>()

export const peopleKeys = {
  invitations: [...keys.people, 'invitations'] as const,
  signUp: ['sign-up'] as const,
  signUps: ['sign-up', 'waiting'] as const,
  security: ['security'] as const,
}

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

export const peopleQueries = {
  people: () =>
    infiniteQueryOptions({
      queryKey: [...keys.people, 'list'] as const,
      queryFn: ({ signal, pageParam }) => peopleApi.get('/api/admin/people', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  invitations: () =>
    infiniteQueryOptions({
      queryKey: peopleKeys.invitations,
      queryFn: ({ signal, pageParam }) =>
        peopleApi.get('/api/admin/invitations', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  signUpRules: () =>
    queryOptions({
      queryKey: [...peopleKeys.signUp, 'rules'] as const,
      queryFn: ({ signal }) => peopleApi.get('/api/admin/sign-up', { signal }),
    }),
  signUps: () => queryOptions({ queryKey: peopleKeys.signUps, queryFn: ({ signal }) => peopleApi.get('/api/admin/sign-ups', { signal }) }),
  security: () =>
    queryOptions({ queryKey: peopleKeys.security, queryFn: ({ signal }) => peopleApi.get('/api/admin/security', { signal }) }),
}
