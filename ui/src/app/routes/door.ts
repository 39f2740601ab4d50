import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { loadSession, mustSetUpSecondFactor } from '@/api/session'
import { safeNext } from '@/lib/safe-next'
import { rootRoute, texts } from './base'

const parent = () => rootRoute

const whereNext = texts('next', 'ended', 'error', 'reference')

const signIn = createRoute({
  getParentRoute: parent,
  path: '/signin',
  validateSearch: whereNext,
  beforeLoad: async ({ context, search }) => {
    if (await loadSession(context.client)) throw redirect({ href: safeNext(search.next) })
    const setup = await context.client.ensureQueryData(queries.setup())
    if (setup.needed) throw redirect({ to: '/setup' })
  },
  // The ways in are there when the page is, so that nothing moves under a finger. Without them the password is still asked for.
  loader: async ({ context }) => {
    const { accountQueries } = await import('@/api/account-queries')
    await context.client.prefetchQuery({ ...accountQueries.signIn(), retry: false })
  },
  component: lazyRouteComponent(() => import('@/features/signin')),
})

const signUp = createRoute({
  getParentRoute: parent,
  path: '/sign-up',
  beforeLoad: async ({ context }) => {
    if (await loadSession(context.client)) throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('@/features/sign-up')),
})

const invitation = createRoute({
  getParentRoute: parent,
  path: '/invitation',
  // Who is signed in already may accept one too; the node then wants the token of their session.
  beforeLoad: async ({ context }) => {
    await loadSession(context.client)
  },
  component: lazyRouteComponent(() => import('@/features/invitation')),
})

const verifyAddress = createRoute({
  getParentRoute: parent,
  path: '/sign-up/verify',
  component: lazyRouteComponent(() => import('@/features/sign-up/verify')),
})

const passwordReset = createRoute({
  getParentRoute: parent,
  path: '/password-reset',
  component: lazyRouteComponent(() => import('@/features/password-reset')),
})

/** The end of an administrator's test of a sign-in, in a tab of its own. */
const loginTested = createRoute({
  getParentRoute: parent,
  path: '/login-tested',
  component: lazyRouteComponent(() => import('@/features/login-tested')),
})

const setup = createRoute({
  getParentRoute: parent,
  path: '/setup',
  validateSearch: texts('token'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.setup()),
  component: lazyRouteComponent(() => import('@/features/setup')),
})

const newPassword = createRoute({
  getParentRoute: parent,
  path: '/new-password',
  beforeLoad: async ({ context }) => {
    const session = await loadSession(context.client)
    if (!session) throw redirect({ to: '/signin' })
    if (!session.must_change_password) throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('@/features/new-password')),
})

const secondFactor = createRoute({
  getParentRoute: parent,
  path: '/second-factor',
  beforeLoad: async ({ context }) => {
    const session = await loadSession(context.client)
    if (!session) throw redirect({ to: '/signin' })
    if (!mustSetUpSecondFactor(session)) throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('@/features/account/must-set-up')),
})

/** The pages outside the hall: sign-in, sign-up, invitations, set-up, the forced password change and second factor. */
export const doorRoutes = [signIn, signUp, verifyAddress, passwordReset, loginTested, invitation, setup, newPassword, secondFactor] as const
