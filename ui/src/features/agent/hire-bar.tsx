import { Link } from '@tanstack/react-router'
import { useCan } from '@/api/session'
import type { Agent } from '@/api/types'
import { firstName, priceText } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'

/** Always in reach: who it is, what it costs, and Hire for those who may. */
export function HireBar({ agent }: { agent: Agent }) {
  const mayHire = useCan('team.hire')
  const name = firstName(agent.default_persona_name)
  return (
    <div className="sticky bottom-3 z-10 mt-5 max-lg:bottom-[68px]">
      <div className="glass flex flex-wrap items-center gap-x-4 gap-y-3 rounded-[22px] p-3 ps-4 shadow-[var(--sh-3)]">
        <Orb hue={agent.hue} size={38} icon={agentIcon(agent.icon)} />
        <p className="min-w-0 flex-1 leading-tight">
          <b className="block truncate text-[15px] font-semibold">{agent.default_persona_name}</b>
          <span className="text-[13px] text-ink-2">{mayHire ? priceText(agent.price) : t('agent.cannot_hire', { name })}</span>
        </p>
        {mayHire ? (
          <Link to="/hire/$agent" params={{ agent: agent.slug }} className={btn()}>
            {agent.hired > 0 ? t('agent.hire_another') : t('agent.hire', { name })}
          </Link>
        ) : null}
      </div>
    </div>
  )
}
