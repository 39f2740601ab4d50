import type { QueryClient } from '@tanstack/react-query'
import { redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { can, canNode, loadSession, mustSetUpSecondFactor, type NodePermission, type Permission } from '@/api/session'
import type { Session } from '@/api/types'

/** Thrown by a route whose page the session may not open. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden'
}

type Location = { href: string; pathname: string }

/** The session of a signed-in person; anyone else is led to set-up or sign-in, a person with a temporary password or without a second factor that must be to that. */
export async function requireSession(client: QueryClient, location: Location): Promise<Session> {
  const session = await loadSession(client)
  if (!session) {
    const setup = await client.ensureQueryData(queries.setup())
    if (setup.needed) throw redirect({ to: '/setup' })
    const next = location.href === '/' ? undefined : location.href
    throw redirect({ to: '/signin', search: next ? { next } : {} })
  }
  if (session.must_change_password) throw redirect({ to: '/new-password' })
  if (mustSetUpSecondFactor(session)) throw redirect({ to: '/second-factor' })
  return session
}

export function requirePermission(session: Session, permission: Permission) {
  if (!can(session, permission)) throw new Forbidden(permission)
}
export function requireNodePermission(session: Session, permission: NodePermission) {
  if (!canNode(session, permission)) throw new Forbidden(permission)
}
/** For a page with parts for different people: one of them is enough. */
export function requireSome(session: Session, may: (session: Session) => boolean) {
  if (!may(session)) throw new Forbidden()
}
