import '@/lib/i18n/en/portal'
import { useQuery } from '@tanstack/react-query'
import { type ComponentType, lazy, Suspense } from 'react'
import { ErrorState } from '@/components/error-state'
import { PageSkeleton } from '@/components/skeleton'
import type { Session } from './api/client'
import { NewPassword } from './pages/new-password'
import { NothingHere } from './pages/nothing-here'
import { SignIn } from './pages/sign-in'
import { usePath } from './router'
import { can, type Permission, sessionQuery } from './session'
import { Frame } from './shell'

const page = (load: () => Promise<{ default: ComponentType }>) => lazy(load)
const Licences = page(() => import('./pages/licences'))
const LicencePage = page(() => import('./pages/licence'))
const Customers = page(() => import('./pages/customers'))
const CustomerPage = page(() => import('./pages/customer'))
const Plans = page(() => import('./pages/plans'))
const Signing = page(() => import('./pages/signing'))
const Revocations = page(() => import('./pages/revocations'))
const Reports = page(() => import('./pages/reports'))
const Log = page(() => import('./pages/log'))
const Staff = page(() => import('./pages/staff'))
const Keys = page(() => import('./pages/keys'))
const Webhooks = page(() => import('./pages/webhooks'))
const Audit = page(() => import('./pages/audit'))

/** Which page an address is, and what a member of the staff needs for it. A customer has the first three. */
const PAGES: readonly [pattern: RegExp, component: ComponentType, permission: Permission, customer: boolean][] = [
  [/^\/$/, Licences, 'licences.read', true],
  [/^\/licences\/[\w]+$/, LicencePage, 'licences.read', true],
  [/^\/reports$/, Reports, 'reports.read', true],
  [/^\/customers$/, Customers, 'customers.read', false],
  [/^\/customers\/[\w]+$/, CustomerPage, 'customers.read', false],
  [/^\/plans$/, Plans, 'catalogue.read', false],
  [/^\/signing$/, Signing, 'signing.answer', false],
  [/^\/revocations$/, Revocations, 'licences.read', false],
  [/^\/log$/, Log, 'log.read', false],
  [/^\/staff$/, Staff, 'staff.manage', false],
  [/^\/keys$/, Keys, 'keys.manage', false],
  [/^\/webhooks$/, Webhooks, 'webhooks.manage', false],
  [/^\/audit$/, Audit, 'audit.read', false],
]

function pageOf(path: string, session: Session): ComponentType {
  const found = PAGES.find(([pattern]) => pattern.test(path))
  if (!found) return NothingHere
  const [, component, permission, customer] = found
  return (session.kind === 'portal' ? customer : can(session, permission)) ? component : NothingHere
}

/** The portals: sign-in, then the pages of who signed in. */
export function Portal() {
  const path = usePath()
  const { data: session, error, refetch } = useQuery(sessionQuery)
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (session === undefined) return null
  if (session === null) return <SignIn />
  if (session.must_change_password) return <NewPassword />
  const Page = pageOf(path, session)
  return (
    <Frame>
      <Suspense fallback={<PageSkeleton />}>
        <Page key={path} />
      </Suspense>
    </Frame>
  )
}
