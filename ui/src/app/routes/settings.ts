import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { requireNodePermission, requirePermission } from '../guards'
import { adminPages } from '../shell/nav'
import { appRoute, texts } from './base'

const parent = () => appRoute

const account = createRoute({
  getParentRoute: parent,
  path: '/account',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => import('@/features/account')),
})

const admin = createRoute({
  getParentRoute: parent,
  path: '/admin',
  component: lazyRouteComponent(() => import('../shell/admin-tabs')),
})

const adminIndex = createRoute({
  getParentRoute: () => admin,
  path: '/',
  beforeLoad: ({ context }) => {
    const first = adminPages(context.session)[0]
    if (!first) requirePermission(context.session, 'people.read')
    throw redirect({ to: first?.to ?? '/' })
  },
})

const people = createRoute({
  getParentRoute: () => admin,
  path: '/people',
  beforeLoad: ({ context }) => requirePermission(context.session, 'people.read'),
  loader: ({ context }) => void context.client.prefetchInfiniteQuery(queries.people()),
  component: lazyRouteComponent(() => import('@/features/admin-people')),
})

const modelsSearch = texts('fits')
const models = createRoute({
  getParentRoute: () => admin,
  path: '/models',
  validateSearch: modelsSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'models.read'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.models()),
  component: lazyRouteComponent(() => import('@/features/admin-models')),
})

const organisations = createRoute({
  getParentRoute: () => admin,
  path: '/organisations',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'node.organisations'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.organisations()),
  component: lazyRouteComponent(() => import('@/features/admin-organisations')),
})

/** Account and administration. */
export const settingsRoutes = [account, admin.addChildren([adminIndex, people, models, organisations])] as const
