import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { requireNodePermission, requirePermission, requireSome } from '../guards'
import { adminPages, mayProviders } from '../shell/nav'
import { accessRoutes } from './access'
import { adminRoute } from './admin'
import { appRoute, texts } from './base'

const parent = () => appRoute

const account = createRoute({
  getParentRoute: parent,
  path: '/account',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => import('@/features/account')),
})

const adminIndex = createRoute({
  getParentRoute: () => adminRoute,
  path: '/',
  beforeLoad: ({ context }) => {
    const first = adminPages(context.session)[0]
    if (!first) requirePermission(context.session, 'people.read')
    throw redirect({ to: first?.to ?? '/' })
  },
})

const peopleSearch = texts('tab')
const people = createRoute({
  getParentRoute: () => adminRoute,
  path: '/people',
  validateSearch: peopleSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'people.read'),
  component: lazyRouteComponent(() => import('@/features/admin-people')),
})

const rolesSearch = texts('q')
const roles = createRoute({
  getParentRoute: () => adminRoute,
  path: '/roles',
  validateSearch: rolesSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'roles.read'),
  component: lazyRouteComponent(() => import('@/features/admin-roles')),
})

const signUp = createRoute({
  getParentRoute: () => adminRoute,
  path: '/sign-up',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'signup.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-sign-up')),
})

const security = createRoute({
  getParentRoute: () => adminRoute,
  path: '/security',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'security.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-security')),
})

const mail = createRoute({
  getParentRoute: () => adminRoute,
  path: '/mail',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'mail.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-mail')),
})

const modelsSearch = texts('fits', 'known')
const models = createRoute({
  getParentRoute: () => adminRoute,
  path: '/models',
  validateSearch: modelsSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'models.read'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.models()),
  component: lazyRouteComponent(() => import('@/features/admin-models')),
})

const providersSearch = texts('tab')
const providers = createRoute({
  getParentRoute: () => adminRoute,
  path: '/providers',
  validateSearch: providersSearch,
  beforeLoad: ({ context }) => requireSome(context.session, mayProviders),
  component: lazyRouteComponent(() => import('@/features/admin-providers')),
})

const usageSearch = texts('days', 'by', 'measure', 'view', 'model', 've', 'person', 'key', 'outcome')
const usage = createRoute({
  getParentRoute: () => adminRoute,
  path: '/usage',
  validateSearch: usageSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'people.read'),
  component: lazyRouteComponent(() => import('@/features/admin-usage')),
})

const quotas = createRoute({
  getParentRoute: () => adminRoute,
  path: '/limits',
  beforeLoad: ({ context }) => requirePermission(context.session, 'quotas.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-quotas')),
})

const licenseSearch = texts('tab')
const license = createRoute({
  getParentRoute: () => adminRoute,
  path: '/licence',
  validateSearch: licenseSearch,
  beforeLoad: ({ context }) => requirePermission(context.session, 'license.read'),
  component: lazyRouteComponent(() => import('@/features/admin-license')),
})

const organisations = createRoute({
  getParentRoute: () => adminRoute,
  path: '/organisations',
  beforeLoad: ({ context }) => requireNodePermission(context.session, 'node.organisations'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.organisations()),
  component: lazyRouteComponent(() => import('@/features/admin-organisations')),
})

/** Account and administration. */
export const settingsRoutes = [
  account,
  adminRoute.addChildren([
    adminIndex,
    people,
    roles,
    signUp,
    security,
    mail,
    models,
    providers,
    usage,
    quotas,
    license,
    organisations,
    ...accessRoutes,
  ]),
] as const
