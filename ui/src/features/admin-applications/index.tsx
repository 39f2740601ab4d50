import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/applications'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCan } from '@/api/session'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { Clients } from './clients'
import { Scim } from './scim'
import { ServiceAccounts } from './service-accounts'

/** Programs of the organisation: those that work in their own name, those that ask people for access, and those that provision. */
export default function ApplicationsPage() {
  const { tab = '' } = useSearch({ from: '/app/admin/applications' })
  const navigate = useNavigate()
  const mayServices = useCan('service_accounts.manage')
  const mayClients = useCan('oauth_clients.manage')
  const mayScim = useCan('people.manage')
  const tabs = [
    mayServices ? { id: 'services', label: t('applications.tab.services'), body: <ServiceAccounts /> } : null,
    mayClients ? { id: 'clients', label: t('applications.tab.clients'), body: <Clients /> } : null,
    mayScim ? { id: 'scim', label: t('applications.tab.scim'), body: <Scim /> } : null,
  ].filter((item) => item !== null)
  const first = tabs[0]?.id
  const show = (next: string) =>
    void navigate({ to: '/admin/applications', search: next === first ? {} : { tab: next }, replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title={t('applications.title')}>{t('applications.lead')}</PageHeader>
      <Tabs label={t('applications.tabs')} value={tab} onChange={show} items={tabs} />
    </>
  )
}
