import '@/lib/i18n/en/providers'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCan, useCanNode } from '@/api/session'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { Calls } from './calls'
import { Collections } from './collections'
import { EgressSwitch } from './egress-switch'
import { Fallbacks } from './fallbacks'
import { ProviderList } from './provider-list'
import { Residency } from './residency'

/** What may leave the node, to whom, and what did. */
export default function Providers() {
  const { tab = '' } = useSearch({ from: '/app/admin/providers' })
  const navigate = useNavigate()
  const mayProviders = useCanNode('providers.manage')
  const maySwitch = useCanNode('egress.manage')
  const mayResidency = useCan('residency.manage')
  const mayCollections = useCan('collections.manage')
  const tabs = [
    mayProviders ? { id: 'providers', label: t('providers.tab.providers'), body: <ProviderList /> } : null,
    mayProviders ? { id: 'fallbacks', label: t('providers.tab.fallbacks'), body: <Fallbacks /> } : null,
    mayResidency ? { id: 'residency', label: t('providers.tab.residency'), body: <Residency /> } : null,
    mayCollections ? { id: 'collections', label: t('providers.tab.collections'), body: <Collections /> } : null,
    maySwitch ? { id: 'calls', label: t('providers.tab.calls'), body: <Calls /> } : null,
  ].filter((item) => item !== null)
  const first = tabs[0]?.id
  const show = (next: string) =>
    void navigate({ to: '/admin/providers', search: next === first ? {} : { tab: next }, replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title={t('providers.title')}>{t('providers.lead')}</PageHeader>
      {maySwitch ? <EgressSwitch /> : null}
      <Tabs label={t('providers.tabs')} value={tab} onChange={show} items={tabs} />
    </>
  )
}
