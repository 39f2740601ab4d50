import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { appRoute } from './base'

/** Parent of every page of administration: the row of their names above each. */
export const adminRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/admin',
  component: lazyRouteComponent(() => import('../shell/admin-tabs')),
})
