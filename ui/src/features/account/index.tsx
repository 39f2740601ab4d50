import '@/lib/i18n/en/account'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useSession } from '@/api/session'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { ApiKeys } from './api-keys'
import { Appearance } from './appearance'
import { PasswordPanel } from './password'
import { Profile } from './profile'
import { Sessions } from './sessions'

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
  {
    id: 'security',
    label: t('account.tab.security'),
    body: (
      <Columns>
        <PasswordPanel />
        <Sessions />
      </Columns>
    ),
  },
  { id: 'keys', label: t('account.tab.keys'), body: <ApiKeys /> },
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
          role: t(`role.${session.role}`),
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
