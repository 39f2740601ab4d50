import '@/lib/i18n/en/license'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { licenseQueries } from '@/api/license-queries'
import { useCanNode } from '@/api/session'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { History } from './history'
import { Online } from './online'
import { Overview } from './overview'
import { StateCard } from './state-card'
import { UsageReports } from './usage'

/** What the node may do, why, and the files that are exchanged with the vendor. */
export default function LicensePage() {
  const { tab = '' } = useSearch({ from: '/app/admin/licence' })
  const navigate = useNavigate()
  const mayManage = useCanNode('license.manage')
  const { data, error, refetch } = useQuery(licenseQueries.status())
  const show = (next: string) =>
    void navigate({ to: '/admin/licence', search: next === 'overview' ? {} : { tab: next }, replace: true, resetScroll: false })
  const tabs = data
    ? [
        { id: 'overview', label: t('license.tab.overview'), body: <Overview status={data} mayManage={mayManage} /> },
        { id: 'usage', label: t('license.tab.usage'), body: <UsageReports /> },
        { id: 'online', label: t('license.tab.online'), body: <Online /> },
        { id: 'history', label: t('license.tab.history'), body: <History /> },
      ]
    : []
  return (
    <>
      <PageHeader title={t('license.title')}>{t('license.lead')}</PageHeader>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <Bone className="h-72 w-full rounded-[26px]" />}
      {data ? <StateCard status={data} /> : null}
      {data && mayManage ? <Tabs label={t('license.tabs')} value={tab} onChange={show} items={tabs} /> : null}
      {data && !mayManage ? <Overview status={data} mayManage={false} /> : null}
    </>
  )
}
