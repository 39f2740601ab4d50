import '@/lib/i18n/en/today'
import '@/lib/i18n/en/work'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Sparkles } from 'lucide-react'
import { queries } from '@/api/queries'
import { useCan, useSession } from '@/api/session'
import type { Overview } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatDay } from '@/lib/i18n/format'
import { AtWork } from './at-work'
import { FirstRun } from './first-run'
import { Flow } from './flow'
import { Hints } from './hints'
import { RecentConversations } from './recent'
import { TeamPanel } from './team-panel'

const NOON = 12
const EVENING = 18

/** The start page: first steps until somebody is hired and has answered, then what goes on today. */
export default function Today() {
  const { data, error, refetch } = useQuery(queries.overview())
  const mayHire = useCan('team.hire')
  if (error && !data) {
    return (
      <>
        <PageHeader title={t('nav.today')} />
        <ErrorState error={error} onRetry={() => void refetch()} />
      </>
    )
  }
  if (!data) return <PageSkeleton />
  const begun = data.checklist.hired && data.checklist.chatted
  return mayHire && !begun ? <FirstRun overview={data} /> : <Day overview={data} />
}

function greeting(hour: number, name: string): string {
  if (hour < NOON) return t('today.morning', { name })
  return hour < EVENING ? t('today.afternoon', { name }) : t('today.evening', { name })
}

function Day({ overview }: { overview: Overview }) {
  const name = firstName(useSession().person.display_name)
  const now = new Date()
  return (
    <>
      <PageHeader
        title={greeting(now.getHours(), name)}
        actions={
          overview.employees.length > 0 ? (
            <Link to="/chat" className={btn()}>
              <Sparkles size={17} aria-hidden="true" />
              {t('today.ask')}
            </Link>
          ) : null
        }
      >
        {t('today.lead', { day: formatDay(now), employees: overview.employees.length, answers: overview.today.answers })}
      </PageHeader>
      <Hints overview={overview} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,1.28fr)_minmax(0,1fr)]">
        <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
          <TeamPanel employees={overview.employees} />
          <RecentConversations overview={overview} />
        </div>
        <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-4">
          <Flow overview={overview} />
          <AtWork employees={overview.employees} />
        </div>
      </div>
    </>
  )
}
