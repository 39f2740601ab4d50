import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { loadSession } from '@/api/session'
import { safeNext } from '@/lib/safe-next'
import { rootRoute, texts } from './base'

const parent = () => rootRoute

const whereNext = texts('next', 'ended')

const signIn = createRoute({
  getParentRoute: parent,
  path: '/signin',
  validateSearch: whereNext,
  beforeLoad: async ({ context, search }) => {
    if (await loadSession(context.client)) throw redirect({ href: safeNext(search.next) })
    const setup = await context.client.ensureQueryData(queries.setup())
    if (setup.needed) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(() => import('@/features/signin')),
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

/** The pages outside the hall: sign-in, set-up, the forced password change. */
export const doorRoutes = [signIn, setup, newPassword] as const
