import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

const STORED = 'invitation-token'

/** The secret of the link: all of the fragment, or what it calls `token`. */
export function tokenIn(hash: string): string | null {
  const fragment = hash.replace(/^#/, '')
  const named = fragment.includes('=') ? new URLSearchParams(fragment).get('token') : fragment
  return named || null
}

function remembered(): string | null {
  try {
    return sessionStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** Keeps the token for a reload of this tab, and nowhere else. */
function remember(token: string | null) {
  try {
    if (token) sessionStorage.setItem(STORED, token)
    else sessionStorage.removeItem(STORED)
  } catch {
    // Storage is forbidden: the token lasts as long as the page.
  }
}

export const forgetInvitation = () => remember(null)

/** The secret of the link. It is taken out of the address, so that no history keeps it. */
export function useInvitationToken(): string | null {
  const navigate = useNavigate()
  const [token] = useState(() => tokenIn(window.location.hash) ?? remembered())
  useEffect(() => {
    remember(token)
    if (window.location.hash) void navigate({ to: '/invitation', hash: '', replace: true })
  }, [token, navigate])
  return token
}
