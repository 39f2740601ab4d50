import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, Outlet } from '@tanstack/react-router'
import { requireSession } from '../guards'
import { Shell } from '../shell'
import { BareNotFound, BareRouteError, FrameSkeleton } from './states'

/** The root of all routes. Every loader gets the query client. */
export const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: BareNotFound,
  errorComponent: BareRouteError,
})

/** Parent of every page of a signed-in person; its children find the session in their context. */
export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  component: Shell,
  errorComponent: BareRouteError,
  pendingComponent: FrameSkeleton,
  beforeLoad: async ({ context, location }) => ({ session: await requireSession(context.client, location) }),
})

/** Reads the named text parameters of the URL's query; anything else in it is dropped. */
export function texts<const Names extends readonly string[]>(...names: Names) {
  return (search: Record<string, unknown>): { [Name in Names[number]]?: string } => {
    const found: { [Name in Names[number]]?: string } = {}
    for (const name of names) {
      const value = search[name]
      if (value !== undefined && value !== '') Object.assign(found, { [name]: String(value) })
    }
    return found
  }
}
