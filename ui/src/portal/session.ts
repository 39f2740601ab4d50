import { queryOptions, useQuery } from '@tanstack/react-query'
import { setCsrfToken } from '@/api/client'
import { isApiError } from '@/api/error'
import { api, type Session } from './api/client'

/** The permissions the pages ask about. The server checks them again on every request. */
export type Permission =
  | 'catalogue.read'
  | 'catalogue.manage'
  | 'customers.read'
  | 'customers.manage'
  | 'licences.read'
  | 'licences.issue'
  | 'licences.revoke'
  | 'installs.manage'
  | 'reports.read'
  | 'reports.manage'
  | 'log.read'
  | 'signing.answer'
  | 'staff.manage'
  | 'keys.manage'
  | 'webhooks.manage'
  | 'audit.read'
  | 'server.observe'

async function readSession(signal: AbortSignal): Promise<Session | null> {
  try {
    const session = await api.get('/api/session', { signal })
    setCsrfToken(session.csrf_token ?? null)
    return session
  } catch (error) {
    if (isApiError(error) && error.status === 401) return null
    throw error
  }
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => readSession(signal),
  staleTime: 60_000,
})

/** The session inside the signed-in part of the portal. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery)
  if (!data) throw new Error('no session: this component is mounted outside the signed-in pages')
  return data
}

export const can = (session: Session, permission: Permission) => session.permissions.includes(permission)
export const useCan = (permission: Permission) => can(useSession(), permission)
