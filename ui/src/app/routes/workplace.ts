import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import type { Permission } from '@/api/session'
import type { Session } from '@/api/types'
import { requirePermission } from '../guards'
import { appRoute, texts } from './base'
import { NotFound } from './states'

const parent = () => appRoute

const today = createRoute({
  getParentRoute: parent,
  path: '/',
  loader: ({ context }) => void context.client.prefetchQuery(queries.overview()),
  component: lazyRouteComponent(() => import('@/features/today')),
})

const market = createRoute({
  getParentRoute: parent,
  path: '/market',
  validateSearch: texts('q', 'category', 'price_model', 'publisher'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.overview()),
  component: lazyRouteComponent(() => import('@/features/market')),
})

const agent = createRoute({
  getParentRoute: parent,
  path: '/agents/$agent',
  validateSearch: texts('tab', 'passage'),
  loader: ({ context, params }) => void context.client.prefetchQuery(queries.agent(params.agent)),
  component: lazyRouteComponent(() => import('@/features/agent')),
})

const hire = createRoute({
  getParentRoute: parent,
  path: '/hire/$agent',
  loader: ({ context, params }) => void context.client.prefetchQuery(queries.agent(params.agent)),
  component: lazyRouteComponent(() => import('@/features/hire')),
})

const team = createRoute({
  getParentRoute: parent,
  path: '/team',
  validateSearch: texts('tab', 'view'),
  loader: ({ context }) => void context.client.prefetchQuery(queries.ves()),
  component: lazyRouteComponent(() => import('@/features/team')),
})

const chat = lazyRouteComponent(() => import('@/features/chat'))
const chatRoutes = [
  createRoute({ getParentRoute: parent, path: '/chat', component: chat }),
  createRoute({ getParentRoute: parent, path: '/chat/$ve', component: chat }),
  createRoute({ getParentRoute: parent, path: '/chat/$ve/$conversation', validateSearch: texts('ask'), component: chat }),
] as const

/** Any other address: the frame stays, so that the way on is one press away. */
const missing = createRoute({ getParentRoute: parent, path: '$', component: NotFound })

const requires =
  (permission: Permission) =>
  ({ context }: { context: { session: Session } }) =>
    requirePermission(context.session, permission)

const prompts = createRoute({
  getParentRoute: parent,
  path: '/prompts',
  validateSearch: texts('q', 'archived'),
  beforeLoad: requires('prompts.read'),
  component: lazyRouteComponent(() => import('@/features/prompts')),
})

const newPrompt = createRoute({
  getParentRoute: parent,
  path: '/prompts/new',
  beforeLoad: requires('prompts.manage'),
  component: lazyRouteComponent(() => import('@/features/prompts/new')),
})

const prompt = createRoute({
  getParentRoute: parent,
  path: '/prompts/$prompt',
  validateSearch: texts('tab', 'from', 'to'),
  beforeLoad: requires('prompts.read'),
  component: lazyRouteComponent(() => import('@/features/prompts/detail')),
})

const playground = createRoute({
  getParentRoute: parent,
  path: '/playground',
  validateSearch: texts('tab', 'run', 'template', 'everyone', 'days'),
  beforeLoad: requires('playground.use'),
  component: lazyRouteComponent(() => import('@/features/playground')),
})

/** The pages of daily work. */
export const workplaceRoutes = [today, market, agent, hire, team, ...chatRoutes, prompts, newPrompt, prompt, playground, missing] as const
