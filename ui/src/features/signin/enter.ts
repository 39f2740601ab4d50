import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { adoptSession } from '@/api/session'
import type { Session } from '@/api/types'

/** Takes the session of a sign-in that worked, and leads to the page that was asked for. */
export function useEnter(next: string) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async (session: Session) => {
    adoptSession(client, session)
    await navigate({ href: next, replace: true })
  }
}
