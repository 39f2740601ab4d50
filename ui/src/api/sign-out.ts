import { api } from './client'
import type { Session } from './types'

/** Where a session that an identity provider opened is ended here and there; nothing for any other. */
async function logoutPath(source: string | null | undefined): Promise<string | undefined> {
  if (!source) return undefined
  // A provider that cannot be asked for, or that is switched off by now, does not keep anybody in.
  const ways = await api.get('/api/sign-in').catch(() => null)
  return ways?.providers.find((provider) => provider.id === source)?.logout_path
}

/** Ends the session, at the identity provider that it came from too, and leaves the page, so that nothing of it stays in memory. */
export async function signOut(session: Session) {
  const away = await logoutPath(session.source)
  if (!away) await api.delete('/api/session')
  window.location.assign(away ?? '/signin')
}
