import '@/lib/i18n/en/policies'
import '@/lib/i18n/en/work'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { Authoriser } from './authoriser'
import { PolicyList } from './policy-list'

/** Who may use which employee, model and collection, and whom the node asks beside its own rules. */
export default function Policies() {
  const { tab = 'rules' } = useSearch({ from: '/app/admin/policies' })
  const navigate = useNavigate()
  const show = (next: string) =>
    void navigate({ to: '/admin/policies', search: next === 'rules' ? {} : { tab: next }, replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title={t('policies.title')}>{t('policies.lead')}</PageHeader>
      <Tabs
        label={t('policies.tabs')}
        value={tab}
        onChange={show}
        items={[
          { id: 'rules', label: t('policies.tab.rules'), body: <PolicyList /> },
          { id: 'authoriser', label: t('policies.tab.authoriser'), body: <Authoriser /> },
        ]}
      />
    </>
  )
}
