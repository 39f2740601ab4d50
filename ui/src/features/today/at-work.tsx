import { Link } from '@tanstack/react-router'
import { Radio } from 'lucide-react'
import type { Ve } from '@/api/types'
import { agentIcon } from '@/components/agent-icon'
import { Orb } from '@/components/orb'
import { Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'

/** Who is answering somebody at this moment; nothing while nobody is. */
export function AtWork({ employees }: { employees: readonly Ve[] }) {
  const busy = employees.filter((employee) => employee.busy)
  if (busy.length === 0) return null
  return (
    <Panel
      title={t('today.at_work')}
      icon={Radio}
      i={3}
      end={<StatusPill state="running">{t('today.at_work_count', { count: busy.length })}</StatusPill>}
    >
      <ul className="-mx-2 -my-1">
        {busy.map((employee) => (
          <li key={employee.id}>
            <Link
              to="/chat/$ve"
              params={{ ve: employee.id }}
              className="flex items-center gap-3.5 rounded-[14px] px-2 py-2 transition-colors hover:bg-surface-2"
            >
              <Orb hue={employee.agent.hue} size={38} icon={agentIcon(employee.agent.icon)} state="working" />
              <span className="min-w-0 flex-1">
                <b className="block truncate text-[14.5px] font-medium">{employee.persona_name}</b>
                <span className="block truncate text-[13px] text-ink-2">{employee.agent.name}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
