import { Link } from '@tanstack/react-router'
import type { Ve } from '@/api/types'
import { answeringText, orbState, PresencePill } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import type { Action } from './employee-actions'
import { EmployeeMenu } from './employee-menu'

/** The same as a card, in one line. */
export function EmployeeRow({ employee, onAsk }: { employee: Ve; onAsk: (action: Action) => void }) {
  return (
    <li className="relative flex items-center gap-3.5 px-4 py-3 transition-colors hover:bg-surface-2/60">
      <Orb hue={employee.agent.hue} size={38} icon={agentIcon(employee.agent.icon)} state={orbState(employee)} />
      <div className="min-w-0 flex-1 basis-[200px]">
        <h2 className="truncate text-[15px] leading-snug font-semibold">
          <Link to="/chat/$ve" params={{ ve: employee.id }} className="after:absolute after:inset-0 hover:text-brand">
            {employee.persona_name}
          </Link>
        </h2>
        <p className="truncate text-[13px] text-ink-2">
          {employee.agent.name}
          <span className="text-ink-3 sm:hidden"> · {employee.busy ? t('work.busy') : answeringText(employee)}</span>
        </p>
      </div>
      <span className="hidden w-40 truncate text-[13.5px] text-ink-2 md:block">{answeringText(employee)}</span>
      <span className="hidden w-36 truncate text-[13.5px] text-ink-2 lg:block">
        {employee.last_message_at ? formatRelative(employee.last_message_at) : t('team.never')}
      </span>
      <span className="max-sm:hidden">
        <PresencePill employee={employee} />
      </span>
      <span className="relative z-[1]">
        <EmployeeMenu employee={employee} onAsk={onAsk} />
      </span>
    </li>
  )
}
