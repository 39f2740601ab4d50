import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'
import type { components } from './schema'

type Schemas = components['schemas']

export type Invitation = Schemas['Invitation']
export type InvitationState = Schemas['InvitationState']
/** Somebody whom the directory names and who comes in by an invitation. */
export type AwaitedPerson = Schemas['AwaitedPerson']
export type NewInvitation = Schemas['CreateInvitation']
export type SignUpRules = Schemas['SignUpSettings']
/** Somebody who waits for an account. */
export type SignUpRequest = Schemas['SignUp']
export type SecondFactorRule = Schemas['SecondFactorRule']
export type SecuritySettings = Schemas['SecuritySettings']

export const peopleKeys = {
  invitations: [...keys.people, 'invitations'] as const,
  signUp: ['sign-up'] as const,
  signUps: ['sign-up', 'waiting'] as const,
  security: ['security'] as const,
}

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

/** Reads about people, invitations, sign-up rules and the rules of sign-in that hold for everybody. */
export const peopleQueries = {
  people: () =>
    infiniteQueryOptions({
      queryKey: [...keys.people, 'list'] as const,
      queryFn: ({ signal, pageParam }) => api.get('/api/admin/people', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  invitations: () =>
    infiniteQueryOptions({
      queryKey: peopleKeys.invitations,
      queryFn: ({ signal, pageParam }) => api.get('/api/admin/invitations', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  awaited: () =>
    infiniteQueryOptions({
      queryKey: [...keys.people, 'awaited'] as const,
      queryFn: ({ signal, pageParam }) => api.get('/api/admin/awaited-people', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  signUpRules: () =>
    queryOptions({
      queryKey: [...peopleKeys.signUp, 'rules'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/sign-up', { signal }),
    }),
  signUps: () => queryOptions({ queryKey: peopleKeys.signUps, queryFn: ({ signal }) => api.get('/api/admin/sign-ups', { signal }) }),
  security: () => queryOptions({ queryKey: peopleKeys.security, queryFn: ({ signal }) => api.get('/api/admin/security', { signal }) }),
}
