import '@/lib/i18n/en/team'
import '@/lib/i18n/en/work'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { LayoutGrid, Plus, Rows3 } from 'lucide-react'
import { useState } from 'react'
import { queries } from '@/api/queries'
import { useCan } from '@/api/session'
import type { Ve } from '@/api/types'
import { btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Segmented } from '@/components/field'
import { EmptyState, PageHeader, Stat } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { formatCompact, formatRelative } from '@/lib/i18n/format'
import { type Action, EmployeeActions } from './employee-actions'
import { EmployeeCard, HireCard } from './employee-card'
import { EmployeeRow } from './employee-row'

const route = getRouteApi('/app/team')

/** Everybody who works for the organisation, and those who did. */
export default function Team() {
  const { tab = 'active', view = 'cards' } = route.useSearch()
  const navigate = useNavigate()
  const mayHire = useCan('team.hire')
  const { data, error, refetch } = useQuery(queries.ves())
  const [asked, setAsked] = useState<{ action: Action; employee: Ve } | null>(null)
  const active = data?.items.filter((employee) => employee.state === 'active') ?? []
  const dismissed = data?.items.filter((employee) => employee.state === 'dismissed') ?? []
  const show = (next: { tab?: string; view?: string }) => {
    const search = { tab: next.tab ?? tab, view: next.view ?? view }
    void navigate({
      to: '/team',
      search: { ...(search.tab === 'active' ? {} : { tab: search.tab }), ...(search.view === 'cards' ? {} : { view: search.view }) },
      replace: true,
      resetScroll: false,
    })
  }
  const ask = (employee: Ve) => (action: Action) => setAsked({ action, employee })
  const list = (employees: readonly Ve[], hire: boolean) =>
    view === 'list' ? (
      <ul aria-label={t('team.employees')} className="panel divide-y divide-line">
        {employees.map((employee) => (
          <EmployeeRow key={employee.id} employee={employee} onAsk={ask(employee)} />
        ))}
      </ul>
    ) : (
      <ul aria-label={t('team.employees')} className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3 2xl:grid-cols-4">
        {employees.map((employee, index) => (
          <li key={employee.id}>
            <EmployeeCard employee={employee} index={index} onAsk={ask(employee)} />
          </li>
        ))}
        {hire ? (
          <li>
            <HireCard index={employees.length} />
          </li>
        ) : null}
      </ul>
    )
  return (
    <>
      <PageHeader
        title={t('team.title')}
        actions={
          <>
            {data && data.items.length > 0 ? (
              <Segmented
                label={t('team.view')}
                value={view === 'list' ? 'list' : 'cards'}
                onChange={(next) => show({ view: next })}
                items={[
                  ['cards', <ViewName key="cards" icon={LayoutGrid} text={t('team.view.cards')} />],
                  ['list', <ViewName key="list" icon={Rows3} text={t('team.view.list')} />],
                ]}
              />
            ) : null}
            {mayHire ? (
              <Link to="/market" className={btn()}>
                <Plus size={17} aria-hidden="true" />
                {t('team.hire')}
              </Link>
            ) : null}
          </>
        }
      >
        {data
          ? t('team.lead', { count: active.length, busy: active.filter((employee) => employee.busy).length })
          : error
            ? null
            : t('loading.page')}
      </PageHeader>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CardsSkeleton cards={6} className="sm:grid-cols-2 xl:grid-cols-3 2xl:grid-cols-4" />}
      {data && data.items.length === 0 ? <NobodyYet mayHire={mayHire} /> : null}
      {data && data.items.length > 0 ? (
        <Tabs
          label={t('team.tabs')}
          value={tab}
          onChange={(next) => show({ tab: next })}
          items={[
            {
              id: 'active',
              label: t('team.tab.active'),
              count: active.length,
              body:
                active.length > 0 ? (
                  <>
                    <Totals employees={active} />
                    {list(active, mayHire)}
                  </>
                ) : (
                  <NobodyYet mayHire={mayHire} />
                ),
            },
            {
              id: 'dismissed',
              label: t('team.tab.dismissed'),
              count: dismissed.length,
              body:
                dismissed.length > 0 ? (
                  list(dismissed, false)
                ) : (
                  <EmptyState title={t('team.nobody_dismissed')}>{t('team.nobody_dismissed_note')}</EmptyState>
                ),
            },
          ]}
        />
      ) : null}
      {asked ? <EmployeeActions key={`${asked.action} ${asked.employee.id}`} {...asked} onClose={() => setAsked(null)} /> : null}
    </>
  )
}

/** What the team has done together. */
function Totals({ employees }: { employees: readonly Ve[] }) {
  const sum = (count: (employee: Ve) => number) => employees.reduce((all, employee) => all + count(employee), 0)
  const last = employees
    .map((employee) => employee.last_message_at)
    .filter((time) => time !== null)
    .toSorted()
    .at(-1)
  const [conversations, messages] = [sum((employee) => employee.conversations), sum((employee) => employee.messages)]
  return (
    <dl className="panel mb-4 grid grid-cols-2 gap-x-4 gap-y-5 p-5 sm:grid-cols-4">
      <Stat value={formatCompact(employees.length)} label={t('team.stat.employees', { count: employees.length })} />
      <Stat value={formatCompact(sum((employee) => (employee.busy ? 1 : 0)))} label={t('team.stat.busy')} />
      <Stat value={formatCompact(conversations)} label={t('team.stat.conversations', { count: conversations })} />
      <Stat
        value={formatCompact(messages)}
        label={t('team.stat.messages', { count: messages })}
        note={last ? t('team.stat.last', { time: formatRelative(last) }) : undefined}
      />
    </dl>
  )
}

function ViewName({ icon: Icon, text }: { icon: typeof LayoutGrid; text: string }) {
  return (
    <>
      <Icon size={15} aria-hidden="true" />
      {text}
    </>
  )
}

function NobodyYet({ mayHire }: { mayHire: boolean }) {
  return (
    <section className="panel">
      <EmptyState
        title={t('team.empty_title')}
        action={
          <Link to="/market" className={btn()}>
            {t('team.empty_action')}
          </Link>
        }
      >
        {mayHire ? t('team.empty') : t('team.empty_member')}
      </EmptyState>
    </section>
  )
}
