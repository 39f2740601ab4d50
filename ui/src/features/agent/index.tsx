import '@/lib/i18n/en/agent'
import '@/lib/i18n/en/work'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { BadgeCheck, ChevronRight } from 'lucide-react'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import type { Agent } from '@/api/types'
import { categoryName } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { AgentMissing } from '@/components/agent-missing'
import { ErrorState } from '@/components/error-state'
import { hueStyle, Orb } from '@/components/orb'
import { Odometer, PageHeader } from '@/components/page'
import { PageTitle } from '@/components/page-title'
import { Bone } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'
import { Does } from './does'
import { Facts } from './facts'
import { Handbook } from './handbook'
import { HireBar } from './hire-bar'
import { Manifest } from './manifest'
import { Permissions } from './permissions'

const route = getRouteApi('/app/agents/$agent')

/** Everything about one agent before somebody hires it. */
export default function AgentPage() {
  const { agent: slug } = route.useParams()
  const { data, error, refetch } = useQuery(queries.agent(slug))
  if (data) return <Profile agent={data} />
  if (isApiError(error) && error.status === 404) return <AgentMissing />
  if (error && !data) {
    return (
      <>
        <PageHeader title={t('nav.market')} />
        <ErrorState error={error} onRetry={() => void refetch()} />
      </>
    )
  }
  return <ProfileSkeleton />
}

function Profile({ agent }: { agent: Agent }) {
  const { tab = 'does' } = route.useSearch()
  const navigate = useNavigate()
  const show = (next: string) =>
    void navigate({
      to: '/agents/$agent',
      params: { agent: agent.slug },
      search: next === 'does' ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    })
  const passages = agent.handbook.reduce((sum, section) => sum + section.passages.length, 0)
  const tabs = [
    { id: 'does', label: t('agent.tab.does'), body: <Does agent={agent} /> },
    { id: 'handbook', label: t('agent.tab.handbook'), count: passages, body: <Handbook agent={agent} /> },
    { id: 'permissions', label: t('agent.tab.permissions'), body: <Permissions agent={agent} /> },
    { id: 'manifest', label: t('agent.tab.manifest'), body: <Manifest agent={agent} /> },
  ]
  return (
    <>
      <PageTitle>{agent.default_persona_name}</PageTitle>
      <nav aria-label={t('agent.breadcrumb')} className="mb-3 flex items-center gap-1.5 px-1 text-[13.5px] text-ink-2">
        <Link to="/market" className="hover:text-brand">
          {t('agent.marketplace')}
        </Link>
        <ChevronRight size={14} className="rtl:-scale-x-100" aria-hidden="true" />
        <Link to="/market" search={{ category: agent.category }} className="hover:text-brand">
          {categoryName(agent.category)}
        </Link>
      </nav>
      <Header agent={agent} passages={passages} />
      <div className="mt-4 grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1fr)_380px]">
        <section className="panel p-5 pt-3" style={{ '--i': 1 }} aria-label={t('agent.about', { name: agent.name })}>
          <Tabs label={t('agent.about', { name: agent.name })} value={tab} onChange={show} items={tabs} />
        </section>
        <Facts agent={agent} />
      </div>
      <HireBar agent={agent} />
    </>
  )
}

function Header({ agent, passages }: { agent: Agent; passages: number }) {
  const stats: [number, string][] = [
    [passages, t('agent.stat.passages', { count: passages })],
    [agent.features.length, t('agent.stat.features', { count: agent.features.length })],
    [agent.hired, t('agent.stat.hired')],
  ]
  return (
    <header className="panel wash overflow-hidden p-6 sm:p-8" style={hueStyle(agent.hue)}>
      <div className="flex flex-wrap items-center gap-x-7 gap-y-5">
        <span className="p-2">
          <span className="block" style={{ viewTransitionName: `orb-${agent.slug}` }}>
            <Orb hue={agent.hue} size={116} icon={agentIcon(agent.icon)} />
          </span>
        </span>
        <div className="min-w-0 flex-1 basis-[300px]">
          <h1 className="font-display text-[clamp(2rem,3.4vw,2.75rem)] leading-[1.04] font-semibold tracking-[-.035em] text-balance">
            {agent.default_persona_name}
          </h1>
          <p className="mt-1.5 text-[16.5px] text-ink-2">{agent.name}</p>
          <p className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2 text-[13.5px] text-ink-2">
            <span className="flex items-center gap-1.5">
              <BadgeCheck size={16} className="text-info" aria-hidden="true" />
              {agent.publisher}
            </span>
            <StatusPill state={agent.stability === 'stable' ? 'done' : 'queued'}>
              {t('agent.version', { stability: t(`work.stability.${agent.stability}`), version: agent.version })}
            </StatusPill>
          </p>
        </div>
        <dl className="grid grid-cols-3 gap-x-7 text-[13px] max-sm:w-full">
          {stats.map(([value, label]) => (
            <div key={label} className="flex flex-col-reverse justify-end">
              <dt className="mt-1 max-w-[16ch] leading-snug text-ink-2">{label}</dt>
              <dd className="font-display text-[24px] leading-none font-semibold tracking-tight whitespace-nowrap">
                <Odometer value={formatNumber(value)} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </header>
  )
}

function ProfileSkeleton() {
  return (
    <div role="status" aria-label={t('loading.page')}>
      <Bone className="mb-3 h-5 w-48" />
      <div className="panel flex items-center gap-7 p-8">
        <Bone className="size-[116px] shrink-0 rounded-full" />
        <div className="grid flex-1 gap-3">
          <Bone className="h-9 w-2/5" />
          <Bone className="h-5 w-1/4" />
        </div>
      </div>
      <div className="panel mt-4 grid gap-4 p-6">
        <Bone className="h-9 w-3/5" />
        <Bone className="h-4 w-full" />
        <Bone className="h-4 w-4/5" />
        <Bone className="h-4 w-2/3" />
      </div>
    </div>
  )
}
