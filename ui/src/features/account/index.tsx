import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/account'
import '@/lib/i18n/en/factors'
import '@/lib/i18n/en/menus'
import '@/lib/i18n/en/security'
import '@/lib/i18n/en/signin'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useSession } from '@/api/session'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { roleTitle } from '@/lib/role-title'
import { ApiKeys } from './api-keys'
import { Appearance } from './appearance'
import { Applications } from './applications'
import { Profile } from './profile'
import { Security } from './security'

function Columns({ children }: { children: ReactNode }) {
  return <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">{children}</div>
}

/** Made when the page renders, because its words load with it. */
const tabs = () => [
  {
    id: 'profile',
    label: t('account.tab.profile'),
    body: (
      <Columns>
        <Profile />
        <Appearance />
      </Columns>
    ),
  },
  { id: 'security', label: t('account.tab.security'), body: <Security /> },
  { id: 'keys', label: t('account.tab.keys'), body: <ApiKeys /> },
  { id: 'applications', label: t('account.tab.applications'), body: <Applications /> },
]

/** The signed-in person's own settings; the tab is in the address. */
export default function Account() {
  const { tab } = useSearch({ from: '/app/account' })
  const navigate = useNavigate()
  const session = useSession()
  const items = tabs()
  const shown = items.find((candidate) => candidate.id === tab)?.id ?? 'profile'
  return (
    <>
      <PageHeader title={t('account.title')}>
        {t('account.lead', {
          email: session.person.email,
          role: roleTitle(session.role, session.role_title),
          organisation: session.organisation.name,
        })}
      </PageHeader>
      <Tabs
        label={t('account.tabs')}
        items={items}
        value={shown}
        onChange={(next) => void navigate({ to: '/account', search: { tab: next }, replace: true, resetScroll: false })}
      />
    </>
  )
}
