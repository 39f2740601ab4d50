import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { Ve } from '@/api/types'
import { answeringText, orbState, PresencePill } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'
import { formatDate, formatNumber, formatRelative } from '@/lib/i18n/format'
import type { Action } from './employee-actions'
import { EmployeeMenu } from './employee-menu'

/** One employee: who it is, what it is doing, what it answers with, how much it is used. */
export function EmployeeCard({ employee, index, onAsk }: { employee: Ve; index: number; onAsk: (action: Action) => void }) {
  const gone = employee.state === 'dismissed'
  const facts: [string, string][] = [
    [t('team.answers_with'), answeringText(employee)],
    [t('team.last'), employee.last_message_at ? formatRelative(employee.last_message_at) : t('team.never')],
    [t('team.conversations'), formatNumber(employee.conversations)],
    [t('team.messages'), formatNumber(employee.messages)],
  ]
  return (
    <article className="panel lift flex h-full flex-col p-5" style={{ '--i': index }}>
      <div className="flex items-start gap-3.5">
        <span style={{ viewTransitionName: `orb-${employee.id}` }}>
          <Orb hue={employee.agent.hue} size={50} icon={agentIcon(employee.agent.icon)} state={orbState(employee)} />
        </span>
        <div className="min-w-0 flex-1">
          <h2 className="truncate text-[16px] leading-snug font-semibold">{employee.persona_name}</h2>
          <p className="truncate text-[13.5px] text-ink-2">{employee.agent.name}</p>
        </div>
        <PresencePill employee={employee} />
      </div>
      <dl className="mt-5 grid grid-cols-2 gap-x-3 gap-y-3.5 text-[13px]">
        {facts.map(([label, value]) => (
          <div key={label} className="min-w-0">
            <dt className="text-ink-3">{label}</dt>
            <dd className="mt-0.5 truncate text-[14.5px] font-medium" title={value}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
      <p className="mt-4 text-[12.5px] text-ink-3">
        {gone && employee.dismissed_at
          ? t('team.dismissed_at', { date: formatDate(employee.dismissed_at) })
          : t('team.hired_by', { time: formatRelative(employee.hired_at), name: employee.hired_by })}
      </p>
      <div className="mt-auto flex gap-2 pt-5">
        <Link to="/chat/$ve" params={{ ve: employee.id }} className={btn('soft', 'sm', 'flex-1')}>
          {gone ? t('team.read') : t('team.chat')}
        </Link>
        <EmployeeMenu employee={employee} onAsk={onAsk} />
      </div>
    </article>
  )
}

/** The empty desk at the end of the row. */
export function HireCard({ index }: { index: number }) {
  return (
    <Link
      to="/market"
      style={{ '--i': index }}
      className="rise grid h-full min-h-[180px] place-content-center justify-items-center gap-2 rounded-[22px] border-[1.5px] border-dashed border-field p-5 text-center transition-colors hover:border-brand hover:bg-brand-soft/50"
    >
      <span className="grid size-12 place-items-center rounded-full bg-brand-soft text-brand">
        <Plus size={22} aria-hidden="true" />
      </span>
      <b className="mt-1 text-[16px] font-semibold">{t('team.hire_someone')}</b>
      <span className="text-[13.5px] text-ink-2">{t('team.hire_someone_note')}</span>
    </Link>
  )
}
