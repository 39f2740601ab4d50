import { type PointerEvent, useCallback } from 'react'
import type { AgentSummary } from '@/api/types'
import { t } from '@/lib/i18n'
import { useSettled } from '@/lib/use-settled'
import { AgentCard, FeaturedCard } from './agent-card'

/** One listener for all cards: the light on a card's border follows the mouse. */
function followPointer(event: PointerEvent) {
  if (event.pointerType !== 'mouse' || !(event.target instanceof Element)) return
  const card = event.target.closest<HTMLElement>('.card')
  if (!card) return
  const box = card.getBoundingClientRect()
  card.style.setProperty('--mx', `${event.clientX - box.left}px`)
  card.style.setProperty('--my', `${event.clientY - box.top}px`)
}

/** An answer that comes sooner changes the cards without fading them first. */
const FADE_AFTER_MS = 150

type GridProps = { agents: readonly AgentSummary[]; feature: boolean; faded: boolean }

/** The cards. The first featured agent is shown wide while nothing narrows the list. */
export function AgentGrid({ agents, feature, faded }: GridProps) {
  const onPointerMove = useCallback(followPointer, [])
  const isSlow = useSettled(faded, FADE_AFTER_MS) && faded
  const wide = feature ? agents.find((agent) => agent.featured) : undefined
  const ordered = wide ? [wide, ...agents.filter((agent) => agent !== wide)] : agents
  return (
    <ul
      aria-label={t('market.available')}
      aria-busy={faded}
      onPointerMove={onPointerMove}
      className={`mt-4 grid gap-4 transition-opacity sm:grid-cols-2 xl:grid-cols-3 2xl:grid-cols-4 ${isSlow ? 'opacity-60' : ''}`}
    >
      {ordered.map((agent, index) => (
        <li key={agent.id} className={agent === wide ? 'sm:col-span-2' : undefined}>
          {agent === wide ? <FeaturedCard agent={agent} /> : <AgentCard agent={agent} index={index} />}
        </li>
      ))}
    </ul>
  )
}
