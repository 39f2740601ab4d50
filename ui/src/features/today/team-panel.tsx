import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, Users2 } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Ve } from '@/api/types'
import { orbState, PresencePill } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { Orb } from '@/components/orb'
import { EmptyState, Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { type AnswersToday, answersToday } from './answers-today'

const SHOWN_MAX = 6
/** Where the list of answers ends before the day does, a count of none says nothing; the time of the last message does. */
function words(employee: Ve, { count, more }: AnswersToday): string {
  if (!more) return t('today.answered', { count })
  if (count > 0) return t('today.answered_more', { count })
  return employee.last_message_at ? t('today.last_message', { time: formatRelative(employee.last_message_at) }) : t('today.never_asked')
}

/** The employees with what they answered in the last day; those who were asked last come first. */
export function TeamPanel({ employees }: { employees: readonly Ve[] }) {
  const { data } = useInfiniteQuery(queries.usage())
  const answers = data ? answersToday(data.pages, Date.now()) : null
  const recency = (employee: Ve) => employee.last_message_at ?? employee.hired_at
  const ordered = [...employees].sort((first, second) => recency(second).localeCompare(recency(first))).slice(0, SHOWN_MAX)
  return (
    <Panel
      title={t('today.team')}
      icon={Users2}
      end={
        <Link to="/team" className={btn('quiet', 'sm')}>
          {t('today.team_all')}
          <ArrowRight size={15} className="rtl:-scale-x-100" aria-hidden="true" />
        </Link>
      }
    >
      {employees.length === 0 ? <EmptyState title={t('today.team_none_title')}>{t('today.team_none')}</EmptyState> : null}
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-3 sm:grid-cols-2">
        {ordered.map((employee) => (
          <li key={employee.id}>
            <Link
              to="/chat/$ve"
              params={{ ve: employee.id }}
              className="lift flex h-full items-start gap-3.5 rounded-[18px] border border-line bg-surface p-4"
            >
              <Orb hue={employee.agent.hue} size={44} icon={agentIcon(employee.agent.icon)} state={orbState(employee)} />
              <span className="min-w-0 flex-1">
                <span className="flex flex-wrap items-start justify-between gap-x-2 gap-y-1">
                  <b className="min-w-0 truncate text-[15px] font-semibold">{employee.persona_name}</b>
                  {employee.busy ? <PresencePill employee={employee} /> : null}
                </span>
                <span className="block truncate text-[13px] text-ink-2">{employee.agent.name}</span>
                <span className="mt-1.5 block min-h-5 truncate text-[13px] text-ink-3 tabular-nums">
                  {answers ? words(employee, answers(employee.id)) : null}
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
