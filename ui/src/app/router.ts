import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { createRouter, parseSearchWith, stringifySearchWith } from '@tanstack/react-router'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { forgetSession } from '@/api/session'
import { PageSkeleton } from '@/components/skeleton'
import { consentRoutes } from './routes/access'
import { appRoute, rootRoute } from './routes/base'
import { doorRoutes } from './routes/door'
import { settingsRoutes } from './routes/settings'
import { RouteError } from './routes/states'
import { workplaceRoutes } from './routes/workplace'

const STALE_MS = 15_000
const READ_RETRIES_MAX = 2
/** How long a page may take before its skeleton shows, so that quick pages do not flicker. */
const SKELETON_DELAY_MS = 150

/** Refusals of what was typed, not of the session. */
const TYPED_WRONG: readonly string[] = ['wrong_credentials', 'wrong_password', 'wrong_code', 'second_factor_required', 'challenge_expired']

/** A refusal for want of a session ends it here too. Wrong credentials are not an ended session. */
function onError(error: unknown) {
  // The rule came while this person was signed in: the guard leads to where a factor is set up.
  if (isApiError(error, 'second_factor_setup_required'))
    void client.refetchQueries({ queryKey: keys.session }).then(() => router.invalidate())
  if (!isApiError(error) || error.status !== 401 || TYPED_WRONG.includes(error.code)) return
  if (client.getQueryData(keys.session)) forgetSession(client)
}

/** The cache of everything read from the node. Events mark it stale; refusals are not retried. */
export const client = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < READ_RETRIES_MAX && isApiError(error) && (error.status === 0 || error.status >= 500),
    },
  },
})

const routeTree = rootRoute.addChildren([appRoute.addChildren([...workplaceRoutes, ...settingsRoutes]), ...doorRoutes, ...consentRoutes])

export const router = createRouter({
  routeTree,
  context: { client },
  // Every parameter is a text and stays one: an application's `state` comes back to it as it was.
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(JSON.stringify),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultPendingMs: SKELETON_DELAY_MS,
  defaultPendingMinMs: 0,
  defaultPendingComponent: PageSkeleton,
  defaultErrorComponent: RouteError,
  // Pages change with a transition; the first page, filters and tabs do not, and neither does a machine that has to save its frames.
  defaultViewTransition: {
    types: ({ fromLocation, pathChanged }) =>
      fromLocation && pathChanged && document.documentElement.dataset.fx === 'full' ? ['page'] : false,
  },
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
