import { type Query, type QueryClient, useQuery } from '@tanstack/react-query'
import { setCsrfToken } from './client'
import { keys, queries } from './queries'
import type { Session } from './types'

/** The permissions the interface asks about. The node checks them again on every request. */
export type Permission =
  | 'catalog.read'
  | 'events.read'
  | 'team.read'
  | 'team.hire'
  | 'team.manage'
  | 'chat.use'
  | 'license.read'
  | 'models.read'
  | 'people.read'
  | 'playground.use'
  | 'prompts.manage'
  | 'prompts.read'
  | 'ratings.read'
  | 'people.manage'
  | 'quotas.manage'
  | 'residency.manage'
  | 'collections.manage'
  | 'roles.read'
  | 'roles.manage'
  | 'policies.manage'
  | 'service_accounts.manage'
  | 'oauth_clients.manage'
export type NodePermission =
  | 'license.manage'
  | 'node.observe'
  | 'node.organisations'
  | 'models.manage'
  | 'providers.manage'
  | 'egress.manage'
  | 'signin.manage'
  | 'signup.manage'
  | 'security.manage'
  | 'mail.manage'

/** The last session there was: pages that are still shown while a session ends go on with it until they are gone. */
let last: Session | null = null

function keep(session: Session | null) {
  setCsrfToken(session?.csrf_token ?? null)
  if (session) last = session
}

/** Reads the session once and hands its CSRF token to the client. */
export async function loadSession(client: QueryClient): Promise<Session | null> {
  const session = await client.ensureQueryData(queries.session())
  keep(session)
  return session
}

/** Read before anybody is signed in: the state of the set-up, the ways in, an invitation. */
const PUBLIC: readonly unknown[] = [keys.setup[0], keys.signIn[0]]
/** What was read with a session. */
const belongsToSession = ({ queryKey: [subject] }: Query) => subject !== keys.session[0] && !PUBLIC.includes(subject)

/** A new session body, from sign-in, set-up, a changed password or another organisation. What was cached belonged to the old one. */
export function adoptSession(client: QueryClient, session: Session) {
  keep(session)
  client.setQueryData(keys.session, session)
  void client.resetQueries({ predicate: belongsToSession })
}

/** The session has ended: what was read with it is forgotten, and the signed-in pages lead to sign-in. */
export function forgetSession(client: QueryClient) {
  setCsrfToken(null)
  client.setQueryData(keys.session, null)
  client.removeQueries({ predicate: (query) => belongsToSession(query) && !query.isActive() })
}

/** Whether the session has ended while its pages are still shown. */
export const useSessionEnded = () => useQuery(queries.session()).data === null

/** The session inside the signed-in part of the interface, where the route guard has made sure of one. */
export function useSession(): Session {
  const { data } = useQuery(queries.session())
  const session = data ?? last
  if (!session) throw new Error('no session: this component is mounted outside the signed-in routes')
  return session
}

/** Whether the session may do nothing until its person has a second factor. */
export const mustSetUpSecondFactor = (session: Session): boolean => session.must_set_up_second_factor

export const can = (session: Session, permission: Permission) => session.permissions.includes(permission)
export const canNode = (session: Session, permission: NodePermission) => session.node_permissions.includes(permission)
export const useCan = (permission: Permission) => can(useSession(), permission)
export const useCanNode = (permission: NodePermission) => canNode(useSession(), permission)
