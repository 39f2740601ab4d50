import { useLocation, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

/** The pages that are opened by a link with a secret in it. */
type LinkPage = '/invitation' | '/password-reset' | '/sign-up/verify'
const stored = (page: LinkPage) => `token of ${page}`

/** The secret of the link: all of the fragment, or what it calls `token`. */
export function tokenIn(hash: string): string | null {
  const fragment = hash.replace(/^#/, '')
  const named = fragment.includes('=') ? new URLSearchParams(fragment).get('token') : fragment
  return named || null
}

function remembered(page: LinkPage): string | null {
  try {
    return sessionStorage.getItem(stored(page))
  } catch {
    return null
  }
}

/** Keeps the token for a reload of this tab, and nowhere else. */
function remember(page: LinkPage, token: string | null) {
  try {
    if (token) sessionStorage.setItem(stored(page), token)
    else sessionStorage.removeItem(stored(page))
  } catch {
    // Storage is forbidden: the token lasts as long as the page.
  }
}

/** The link is used up. */
export const forgetLinkToken = (page: LinkPage) => remember(page, null)

/** The secret of the link that opened a page. It is taken out of the address, so that no history keeps it. */
export function useLinkToken(page: LinkPage): string | null {
  const navigate = useNavigate()
  // A link that is opened while the page is there changes nothing but the fragment.
  const hash = useLocation({ select: (location) => location.hash })
  const [token, setToken] = useState(() => tokenIn(window.location.hash) ?? remembered(page))
  useEffect(() => {
    const fresh = tokenIn(hash)
    if (fresh) setToken(fresh)
    remember(page, fresh ?? token)
    if (hash) void navigate({ to: page, hash: '', replace: true })
  }, [page, hash, token, navigate])
  return token
}
