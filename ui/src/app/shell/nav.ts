import { FlaskConical, type LucideIcon, MessageSquareText, NotebookPen, Settings2, Store, Sun, Users2 } from 'lucide-react'
import { can, canNode } from '@/api/session'
import type { Session } from '@/api/types'
import type { MessageKey } from '@/lib/i18n'

type Destination =
  | '/'
  | '/market'
  | '/team'
  | '/chat'
  | '/prompts'
  | '/playground'
  | '/admin/people'
  | '/admin/roles'
  | '/admin/sign-up'
  | '/admin/security'
  | '/admin/mail'
  | '/admin/sign-in'
  | '/admin/applications'
  | '/admin/policies'
  | '/admin/models'
  | '/admin/providers'
  | '/admin/usage'
  | '/admin/limits'
  | '/admin/licence'
  | '/admin/organisations'
/** `letter` is typed after `g`. `phone` items stand in the bottom bar, under `phoneKey` where the short name differs. */
export type NavItem = {
  key: MessageKey
  icon: LucideIcon
  to: Destination
  letter: string
  phone?: boolean
  phoneKey?: MessageKey
  on: (path: string) => boolean
}

const WORK: NavItem[] = [
  { key: 'nav.today', icon: Sun, to: '/', letter: 'o', phone: true, on: (path) => path === '/' },
  {
    key: 'nav.market',
    phoneKey: 'nav.hire',
    icon: Store,
    to: '/market',
    letter: 'm',
    phone: true,
    on: (path) => /^\/(market|agents|hire)(\/|$)/.test(path),
  },
  { key: 'nav.team', icon: Users2, to: '/team', letter: 't', phone: true, on: (path) => path.startsWith('/team') },
  { key: 'nav.chat', icon: MessageSquareText, to: '/chat', letter: 'c', phone: true, on: (path) => path.startsWith('/chat') },
]

const PROMPTS: NavItem = { key: 'nav.prompts', icon: NotebookPen, to: '/prompts', letter: 'p', on: (path) => path.startsWith('/prompts') }
const PLAYGROUND: NavItem = {
  key: 'nav.playground',
  icon: FlaskConical,
  to: '/playground',
  letter: 'l',
  on: (path) => path.startsWith('/playground'),
}

/** Whether any part of the providers page is for this session. */
export const mayProviders = (session: Session) =>
  canNode(session, 'providers.manage') || canNode(session, 'egress.manage') || can(session, 'residency.manage')

/** Whether any part of the applications page is for this session. */
export const mayApplications = (session: Session) =>
  can(session, 'service_accounts.manage') || can(session, 'oauth_clients.manage') || can(session, 'people.manage')

/** The admin pages this session may open, in tab order. */
export function adminPages(session: Session) {
  return [
    can(session, 'people.read') ? ({ to: '/admin/people', key: 'admin.people' } as const) : null,
    can(session, 'roles.read') ? ({ to: '/admin/roles', key: 'admin.roles' } as const) : null,
    can(session, 'policies.manage') ? ({ to: '/admin/policies', key: 'admin.policies' } as const) : null,
    canNode(session, 'signin.manage') ? ({ to: '/admin/sign-in', key: 'admin.signin' } as const) : null,
    canNode(session, 'signup.manage') ? ({ to: '/admin/sign-up', key: 'admin.signup' } as const) : null,
    canNode(session, 'security.manage') ? ({ to: '/admin/security', key: 'admin.security' } as const) : null,
    canNode(session, 'mail.manage') ? ({ to: '/admin/mail', key: 'admin.mail' } as const) : null,
    mayApplications(session) ? ({ to: '/admin/applications', key: 'admin.applications' } as const) : null,
    can(session, 'models.read') ? ({ to: '/admin/models', key: 'admin.models' } as const) : null,
    mayProviders(session) ? ({ to: '/admin/providers', key: 'admin.providers' } as const) : null,
    can(session, 'people.read') ? ({ to: '/admin/usage', key: 'admin.usage' } as const) : null,
    can(session, 'quotas.manage') ? ({ to: '/admin/limits', key: 'admin.quotas' } as const) : null,
    can(session, 'license.read') ? ({ to: '/admin/licence', key: 'admin.license' } as const) : null,
    canNode(session, 'node.organisations') ? ({ to: '/admin/organisations', key: 'admin.organisations' } as const) : null,
  ].filter((page) => page !== null)
}

/** The navigation of this session, in groups: a page that the role may not open has no item. */
export function navigation(session: Session): NavItem[][] {
  const first = adminPages(session)[0]
  const admin: NavItem[] = first
    ? [{ key: 'nav.admin', icon: Settings2, to: first.to, letter: 'd', on: (path) => path.startsWith('/admin') }]
    : []
  const lab = [...(can(session, 'prompts.read') ? [PROMPTS] : []), ...(can(session, 'playground.use') ? [PLAYGROUND] : [])]
  return [WORK, lab, admin].filter((group) => group.length > 0)
}
