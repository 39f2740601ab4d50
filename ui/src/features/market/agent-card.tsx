import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BadgeCheck } from 'lucide-react'
import { type MouseEvent, type ReactNode, useState } from 'react'
import { queries } from '@/api/queries'
import { useCan } from '@/api/session'
import type { AgentSummary } from '@/api/types'
import { categoryName, firstName, priceText } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { hueStyle, Orb } from '@/components/orb'
import { t } from '@/lib/i18n'

const TASKS_ON_CARD = 3
const FEATURES_WIDE = 5

/** The orb that was pressed is the one that flies to the page of its agent; only it carries the name of the transition. */
function nameOrb(event: MouseEvent<HTMLElement>, slug: string) {
  const orb = event.currentTarget.closest('.card')?.querySelector<HTMLElement>('.orb')
  if (orb) orb.style.viewTransitionName = `orb-${slug}`
}

/** One agent. Looked at closer (pointer or focus), its pitch makes room for things to ask it. */
export function AgentCard({ agent, index }: { agent: AgentSummary; index: number }) {
  const [near, setNear] = useState(false)
  const { data } = useQuery({ ...queries.agent(agent.slug), enabled: near })
  return (
    <article
      className="card flex h-full flex-col overflow-hidden"
      style={{ '--i': index, ...hueStyle(agent.hue) }}
      onPointerEnter={(event) => event.pointerType === 'mouse' && setNear(true)}
      onFocus={() => setNear(true)}
    >
      <div className="wash flex items-start gap-3.5 p-5 pb-4">
        <Orb hue={agent.hue} size={56} icon={agentIcon(agent.icon)} />
        <Names agent={agent} />
      </div>
      <div className="swap min-h-[84px] flex-1 px-5">
        <p className="a text-[14px] leading-relaxed text-ink-2">{agent.summary}</p>
        {data ? (
          <Ticks
            className="b"
            label={t('market.asks', { name: firstName(agent.default_persona_name) })}
            items={data.sample_tasks.slice(0, TASKS_ON_CARD).map((task) => task.title)}
          />
        ) : null}
      </div>
      <div className="mt-3 flex items-center gap-3 border-t border-line px-5 py-3.5">
        <Terms agent={agent} />
        <HireLink
          agent={agent}
          className="relative z-[1] h-9 rounded-[11px] bg-brand-soft px-4 text-[13.5px] text-brand hover:bg-brand-fill hover:text-white"
        />
      </div>
    </article>
  )
}

/** The wide card: the pitch beside what the agent does. */
export function FeaturedCard({ agent }: { agent: AgentSummary }) {
  const { data } = useQuery(queries.agent(agent.slug))
  const name = firstName(agent.default_persona_name)
  return (
    <article
      className="card grid h-full overflow-hidden sm:grid-cols-[minmax(0,1fr)_minmax(0,1.04fr)]"
      style={{ '--i': 0, ...hueStyle(agent.hue) }}
    >
      <div className="wash flex flex-col p-5">
        <div className="flex items-start gap-3.5">
          <Orb hue={agent.hue} size={64} icon={agentIcon(agent.icon)} />
          <Names agent={agent} />
        </div>
        <p className="mt-4 text-[14px] leading-relaxed text-ink-2">{agent.summary}</p>
        <div className="mt-auto flex flex-wrap items-center gap-3 pt-4">
          <HireLink agent={agent} className="btn-brand relative z-[1] h-10 rounded-[12px] px-5 text-[14px]">
            {t('market.hire_name', { name })}
          </HireLink>
          <Terms agent={agent} />
        </div>
      </div>
      <div className="min-h-[208px] border-t border-line bg-surface-2/60 p-5 sm:border-s sm:border-t-0">
        <p className="mb-3.5 text-[13px] font-medium text-ink-2">{t('market.does', { name })}</p>
        {data ? <Ticks label={t('market.does', { name })} items={data.features.slice(0, FEATURES_WIDE)} /> : null}
      </div>
    </article>
  )
}

/** The name is the link; it covers the card. */
function Names({ agent }: { agent: AgentSummary }) {
  return (
    <div className="min-w-0 flex-1">
      <div className="flex items-start gap-2">
        <h3 className="min-w-0 flex-1 truncate text-[16.5px] leading-snug font-semibold tracking-[-.01em]">
          <Link
            to="/agents/$agent"
            params={{ agent: agent.slug }}
            onClick={(event) => nameOrb(event, agent.slug)}
            className="outline-none after:absolute after:inset-0 after:rounded-[22px] focus-visible:after:outline-2 focus-visible:after:outline-offset-2 focus-visible:after:outline-brand"
          >
            {agent.default_persona_name}
          </Link>
        </h3>
        {agent.stability === 'stable' ? null : (
          <span className="rounded-full bg-brand-soft px-2.5 py-0.5 text-[11.5px] font-semibold text-brand">
            {t(`work.stability.${agent.stability}`)}
          </span>
        )}
      </div>
      <p className="mt-0.5 truncate text-[13.5px] text-ink-2">{agent.name}</p>
      <p className="mt-1.5 flex items-center gap-1.5 text-[12.5px] text-ink-3">
        {categoryName(agent.category)}
        <span aria-hidden="true">·</span>
        <BadgeCheck size={14} className="text-info" aria-hidden="true" />
        <span className="truncate">{agent.publisher}</span>
      </p>
    </div>
  )
}

function Terms({ agent }: { agent: AgentSummary }) {
  return (
    <p className="me-auto min-w-0 leading-tight">
      <b className="block truncate text-[14.5px] font-medium">{priceText(agent.price)}</b>
      {agent.hired > 0 ? <span className="block truncate text-[12px] text-ink-3">{t('market.hired', { count: agent.hired })}</span> : null}
    </p>
  )
}

/** Hiring, for those who may; everybody else is led to the page of the agent. */
function HireLink({ agent, className, children }: { agent: AgentSummary; className: string; children?: ReactNode }) {
  const mayHire = useCan('team.hire')
  const name = agent.default_persona_name
  const look = `grid place-items-center font-semibold whitespace-nowrap transition-colors ${className}`
  if (!mayHire) {
    return (
      <Link
        to="/agents/$agent"
        params={{ agent: agent.slug }}
        tabIndex={-1}
        aria-hidden="true"
        className={btn('quiet', 'sm', 'relative z-[1]')}
      >
        {t('market.view')}
      </Link>
    )
  }
  return (
    <Link
      to="/hire/$agent"
      params={{ agent: agent.slug }}
      aria-label={t('market.hire_name', { name })}
      onClick={(event) => nameOrb(event, agent.slug)}
      className={look}
    >
      {children ?? t('market.hire')}
    </Link>
  )
}

function Ticks({ label, items, className = '' }: { label: string; items: readonly string[]; className?: string }) {
  return (
    <ul className={`grid content-start gap-1.5 ${className}`} aria-label={label}>
      {items.map((item, index) => (
        <li key={item} className="flex items-start gap-2 text-[13px] leading-snug">
          <svg viewBox="0 0 16 16" width="16" height="16" className="mt-px shrink-0" aria-hidden="true">
            <circle cx="8" cy="8" r="7.5" fill="var(--brand-soft)" />
            <path
              className="tick"
              style={{ '--s': index }}
              d="M4.6 8.3l2.3 2.3 4.6-5"
              fill="none"
              stroke="var(--brand)"
              strokeWidth="1.9"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          <span className="line-clamp-2">{item}</span>
        </li>
      ))}
    </ul>
  )
}
