import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Cpu, MessageSquareText } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Agent } from '@/api/types'
import { orbState, PresencePill, priceText } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { Orb } from '@/components/orb'
import { Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'

/** What to know before hiring, and who is hired already. */
export function Facts({ agent }: { agent: Agent }) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:sticky xl:top-24">
      <Colleagues agent={agent} />
      <Panel title={t('agent.needs')} icon={Cpu} i={3}>
        <dl className="grid gap-3.5 text-[14px]">
          {rows(agent).map(([label, value]) => (
            <div key={label}>
              <dt className="text-[13px] text-ink-3">{label}</dt>
              <dd className="mt-0.5">{value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
    </div>
  )
}

function rows(agent: Agent): [label: string, value: string][] {
  const { context_tokens_min: tokens, parameters_min: size, modes } = agent.model_needs
  const both = modes.includes('generative') && modes.includes('extractive')
  return [
    [t('agent.need.price'), priceText(agent.price)],
    [t('agent.need.modes'), both ? t('agent.need.modes_both') : modes.map((mode) => t(`work.mode.${mode}`)).join(', ')],
    ...(modes.includes('generative')
      ? [[t('agent.need.parameters'), t('agent.need.parameters_note', { size, tokens: formatNumber(tokens) })] satisfies [string, string]]
      : []),
    [t('agent.need.publisher'), agent.publisher],
    [t('agent.need.tags'), agent.tags.join(', ')],
  ]
}

/** The employees of the organisation that were hired from this agent. */
function Colleagues({ agent }: { agent: Agent }) {
  const { data } = useQuery(queries.ves('active'))
  const colleagues = data?.items.filter((employee) => employee.agent.id === agent.id) ?? []
  if (colleagues.length === 0) return null
  return (
    <Panel title={t('agent.on_team')} icon={MessageSquareText} i={2}>
      <ul className="-mx-2 -my-1">
        {colleagues.map((employee) => (
          <li key={employee.id}>
            <Link
              to="/chat/$ve"
              params={{ ve: employee.id }}
              aria-label={t('agent.chat', { name: employee.persona_name })}
              className="flex items-center gap-3 rounded-[14px] px-2 py-2 transition-colors hover:bg-surface-2"
            >
              <Orb hue={agent.hue} size={34} icon={agentIcon(agent.icon)} state={orbState(employee)} />
              <span className="min-w-0 flex-1 truncate text-[14.5px] font-medium">{employee.persona_name}</span>
              <PresencePill employee={employee} />
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
