import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

const STORED = 'setup-token'

const fromHash = () => new URLSearchParams(window.location.hash.slice(1)).get('token') ?? undefined

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

export const forgetSetupToken = () => remember(null)

/** The one-time token of the link, from the query or the fragment. It is taken out of the address, so that no history keeps it. */
export function useSetupToken(): string | null {
  const { token: fromQuery } = useSearch({ from: '/setup' })
  const navigate = useNavigate()
  const [token] = useState(() => fromQuery ?? fromHash() ?? remembered())
  useEffect(() => {
    remember(token)
    if (fromQuery || fromHash()) void navigate({ to: '/setup', search: {}, hash: '', replace: true })
  }, [token, fromQuery, navigate])
  return token
}
