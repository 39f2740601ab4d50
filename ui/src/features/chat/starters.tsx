import { useQuery } from '@tanstack/react-query'
import { ArrowUpRight } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Ve } from '@/api/types'
import { agentIcon } from '@/components/agent-icon'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'

/** An empty conversation: the greeting of the employee and its sample tasks, which fill the composer when picked. */
export function Starters({ ve, onPick }: { ve: Ve; onPick?: (text: string) => void }) {
  const { data: agent } = useQuery(queries.agent(ve.agent.slug))
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex max-w-[680px] flex-col items-center gap-4 px-4 pt-[clamp(24px,9dvh,96px)] pb-8 text-center sm:px-6">
        <Orb hue={ve.agent.hue} size={84} icon={agentIcon(ve.agent.icon)} state={ve.state === 'dismissed' ? 'off' : undefined} />
        <p className="mt-2 max-w-[46ch] font-display text-[22px] leading-snug font-semibold tracking-[-.02em] text-balance">
          {ve.greeting}
        </p>
        {onPick && agent ? (
          <section aria-label={t('chat.starters')} className="mt-3 w-full">
            <p className="mb-2.5 text-[13.5px] text-ink-2" aria-hidden="true">
              {t('chat.starters')}
            </p>
            <ul className="grid gap-2.5 text-start sm:grid-cols-2">
              {agent.sample_tasks.map((task, index) => (
                <li key={task.title} className="rise" style={{ '--i': index + 1 }}>
                  <button
                    type="button"
                    onClick={() => onPick(task.prompt)}
                    className="lift group flex h-full w-full items-start gap-3 rounded-[18px] border border-line bg-surface p-4 text-start"
                  >
                    <span className="min-w-0 flex-1">
                      <b className="block text-[14.5px] font-semibold">{task.title}</b>
                      <span className="mt-0.5 line-clamp-2 text-[13.5px] text-ink-2">{task.prompt}</span>
                    </span>
                    <ArrowUpRight
                      size={17}
                      className="mt-0.5 shrink-0 text-ink-3 group-hover:text-brand rtl:-scale-x-100"
                      aria-hidden="true"
                    />
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ) : null}
      </div>
    </div>
  )
}
