import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { requireNodePermission, requirePermission, requireSession, requireSome } from '../guards'
import { mayApplications } from '../shell/nav'
import { adminRoute } from './admin'
import { rootRoute, texts } from './base'

const parent = () => adminRoute
const mayConnect = ({ context }: { context: { session: Parameters<typeof requireNodePermission>[0] } }) =>
  requireNodePermission(context.session, 'signin.manage')

/** Apart from the routes, where their types would be lost. */
const withTab = texts('tab')
const withCode = texts('user_code')

const signIn = createRoute({
  getParentRoute: parent,
  path: '/sign-in',
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin')),
})

const newDirectory = createRoute({
  getParentRoute: parent,
  path: '/sign-in/directories/new',
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin/new-directory')),
})

const directory = createRoute({
  getParentRoute: parent,
  path: '/sign-in/directories/$directory',
  validateSearch: withTab,
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin/directory')),
})

const newSaml = createRoute({
  getParentRoute: parent,
  path: '/sign-in/saml/new',
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin/new-saml')),
})

const newOidc = createRoute({
  getParentRoute: parent,
  path: '/sign-in/oidc/new',
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin/new-oidc')),
})

const provider = createRoute({
  getParentRoute: parent,
  path: '/sign-in/providers/$provider',
  validateSearch: withTab,
  beforeLoad: mayConnect,
  component: lazyRouteComponent(() => import('@/features/admin-signin/provider')),
})

const applications = createRoute({
  getParentRoute: parent,
  path: '/applications',
  validateSearch: withTab,
  beforeLoad: ({ context }) => requireSome(context.session, mayApplications),
  component: lazyRouteComponent(() => import('@/features/admin-applications')),
})

const policies = createRoute({
  getParentRoute: parent,
  path: '/policies',
  validateSearch: withTab,
  beforeLoad: ({ context }) => requirePermission(context.session, 'policies.manage'),
  component: lazyRouteComponent(() => import('@/features/admin-policies')),
})

/** Administration of who gets in, and what programs and people may use. */
export const accessRoutes = [signIn, newDirectory, directory, newSaml, newOidc, provider, applications, policies] as const

/** The query of the consent page is the application’s own: the page reads it as it stands. */
const consent = createRoute({
  getParentRoute: () => rootRoute,
  path: '/oauth/authorize',
  beforeLoad: async ({ context, location }) => ({ session: await requireSession(context.client, location) }),
  component: lazyRouteComponent(() => import('@/features/consent')),
})

const device = createRoute({
  getParentRoute: () => rootRoute,
  path: '/device',
  validateSearch: withCode,
  beforeLoad: async ({ context, location }) => ({ session: await requireSession(context.client, location) }),
  component: lazyRouteComponent(() => import('@/features/device')),
})

/** The pages where an application or a device asks a signed-in person for access. */
export const consentRoutes = [consent, device] as const
