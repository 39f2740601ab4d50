import { QueryClient } from '@tanstack/react-query'
import { isRedirect } from '@tanstack/react-router'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Role, Session } from '@/api/types'
import { requirePermission, requireSession } from './guards'
import { navigation } from './shell/nav'

const STAFF = ['catalog.read', 'team.read', 'team.hire', 'team.manage', 'chat.use', 'models.read', 'people.read']
const NORMAL = ['catalog.read', 'team.read', 'chat.use']
const session = (role: Role, permissions: string[], changes: Partial<Session> = {}): Session => ({
  person: { id: 'per_1', email: 'a@b.example', display_name: 'A B' },
  organisation: { id: 'org_1', name: 'O', slug: 'o' },
  organisations: [],
  role,
  role_title: role,
  permissions,
  node_permissions: [],
  csrf_token: 'csrf',
  must_change_password: false,
  must_set_up_second_factor: false,
  expires_at: null,
  source: null,
  ...changes,
})

/** Answers `/api/session` and `/api/setup` as a node in that state would. */
function node(signedIn: Session | null, setupNeeded = false) {
  const answer = (url: unknown): Response => {
    if (url === '/api/setup') return Response.json({ needed: setupNeeded, node_name: 'n', version: '1' })
    if (signedIn) return Response.json(signedIn)
    return Response.json({ error: { code: 'unauthenticated', message: 'sign in first', request_id: 'r' } }, { status: 401 })
  }
  vi.stubGlobal('fetch', async (url: unknown) => answer(url))
}
const guard = (href: string) =>
  requireSession(new QueryClient({ defaultOptions: { queries: { retry: false } } }), { href, pathname: href }).then(
    (found) => ({ found, options: null }),
    (thrown: unknown) => ({ found: null, options: isRedirect(thrown) ? thrown.options : null }),
  )

beforeEach(() => node(null))
afterEach(() => vi.unstubAllGlobals())

describe('the way in', () => {
  test('leads to set-up while the node is not set up', async () => {
    node(null, true)
    expect((await guard('/team')).options).toMatchObject({ to: '/setup' })
  })

  test('leads to sign-in, and back to the page that was asked for', async () => {
    expect((await guard('/chat/ve_1?x=1')).options).toMatchObject({ to: '/signin', search: { next: '/chat/ve_1?x=1' } })
    expect((await guard('/')).options).toMatchObject({ to: '/signin', search: {} })
  })

  test('leads to a new password while the old one is temporary', async () => {
    node(session('staff', STAFF, { must_change_password: true }))
    expect((await guard('/')).options).toMatchObject({ to: '/new-password' })
  })

  test('leads to the second factor while it has to be set up', async () => {
    const started = { ...session('staff', []), must_set_up_second_factor: true }
    node(started)
    expect((await guard('/')).options).toMatchObject({ to: '/second-factor' })
  })

  test('is open with a session', async () => {
    node(session('staff', STAFF))
    expect((await guard('/')).found?.role).toBe('staff')
  })

  test('stays shut when the node cannot be reached, without asking for a password', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('fetch failed')
    })
    expect(await guard('/')).toEqual({ found: null, options: null })
  })
})

describe('the navigation', () => {
  const items = (role: Role, permissions: string[], changes: Partial<Session> = {}) =>
    navigation(session(role, permissions, changes))
      .flat()
      .map((item) => item.to)

  test('has no admin item for members, and leads staff to the first page they may read', () => {
    expect(items('normal', NORMAL)).toEqual(['/', '/market', '/team', '/chat'])
    expect(items('staff', STAFF)).toContain('/admin/people')
    expect(items('normal', [...NORMAL, 'models.read'])).toContain('/admin/models')
  })

  test('a page that the role may not open refuses', () => {
    expect(() => requirePermission(session('normal', NORMAL), 'people.read')).toThrow('people.read')
    expect(() => requirePermission(session('staff', STAFF), 'people.read')).not.toThrow()
  })
})
