import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { requireNodePermission, requirePermission, requireSome } from '../guards'
import { adminPages, mayProviders } from '../shell/nav'
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

const modelsSearch = texts('fits', 'known')
const models = createRoute({
  getParentRoute: () => admin,
  path: '/models',
  validateSearch: modelsSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'models.read'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.models()),
  component: lazyRouteComponent(() => import('@/features/admin-models')),
})

const providersSearch = texts('tab')
const providers = createRoute({
  getParentRoute: () => admin,
  path: '/providers',
  validateSearch: providersSearch,
  beforeLoad: ({ context }) => requireSome(context.session, mayProviders),
  component: lazyRouteComponent(() => import('@/features/admin-providers')),
})

const usageSearch = texts('days', 'by', 'measure', 'view', 'model', 've', 'person', 'key', 'outcome')
const usage = createRoute({
  getParentRoute: () => admin,
  path: '/usage',
  validateSearch: usageSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'people.read'),
  component: lazyRouteComponent(() => import('@/features/admin-usage')),
})

const quotas = createRoute({
  getParentRoute: () => admin,
  path: '/limits',
  beforeLoad: ({ context }) => requirePermission(context.session, 'quotas.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-quotas')),
})

const licenseSearch = texts('tab')
const license = createRoute({
  getParentRoute: () => admin,
  path: '/licence',
  validateSearch: licenseSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'license.read'),
  component: lazyRouteComponent(() => import('@/features/admin-license')),
})

const organisations = createRoute({
  getParentRoute: () => admin,
  path: '/organisations',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'node.organisations'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.organisations()),
  component: lazyRouteComponent(() => import('@/features/admin-organisations')),
})

/** Account and administration. */
export const settingsRoutes = [
  account,
  admin.addChildren([adminIndex, people, models, providers, usage, quotas, license, organisations]),
] as const
