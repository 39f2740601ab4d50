import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, Check } from 'lucide-react'
import { queries } from '@/api/queries'
import { useCan } from '@/api/session'
import type { Agent, SampleTask, Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { btn } from '@/components/button'
import { Markdown } from '@/components/markdown'
import { t } from '@/lib/i18n'

/** What the agent is for, what it does, and what to ask it. */
export function Does({ agent }: { agent: Agent }) {
  const { data } = useQuery(queries.ves('active'))
  const colleague = data?.items.find((employee) => employee.agent.id === agent.id)
  return (
    <div className="grid gap-7">
      <div className="max-w-[70ch] text-[15px] text-ink-2">
        <Markdown text={agent.description} />
      </div>
      <section aria-label={t('agent.features')}>
        <h2 className="mb-3 font-display text-[18px] font-semibold tracking-[-.015em]">{t('agent.features')}</h2>
        <ul className="grid gap-x-8 sm:grid-cols-2">
          {agent.features.map((feature) => (
            <li key={feature} className="flex items-start gap-3 border-t border-line py-3 text-[14.5px]">
              <span className="mt-px grid size-6 shrink-0 place-items-center rounded-full bg-brand-soft text-brand">
                <Check size={14} strokeWidth={3} aria-hidden="true" />
              </span>
              {feature}
            </li>
          ))}
        </ul>
      </section>
      <section aria-label={t('agent.tasks')}>
        <h2 className="mb-3 font-display text-[18px] font-semibold tracking-[-.015em]">{t('agent.tasks')}</h2>
        <ul className="grid gap-3 sm:grid-cols-2">
          {agent.sample_tasks.map((task) => (
            <Task key={task.title} task={task} agent={agent} colleague={colleague} />
          ))}
        </ul>
      </section>
    </div>
  )
}

/** One sample task: asked at once where the agent is on the team, after hiring where it is not. */
function Task({ task, agent, colleague }: { task: SampleTask; agent: Agent; colleague: Ve | undefined }) {
  const mayHire = useCan('team.hire')
  const look = btn('quiet', 'sm', '-ms-3.5 mt-auto self-start text-brand')
  return (
    <li className="flex flex-col rounded-[18px] border border-line p-4">
      <b className="text-[14.5px] font-semibold">{task.title}</b>
      <p className="mt-1 mb-2 line-clamp-4 text-[14px] whitespace-pre-line text-ink-2">{task.prompt}</p>
      {colleague ? (
        <Link
          to="/chat/$ve/$conversation"
          params={{ ve: colleague.id, conversation: 'new' }}
          search={{ ask: task.prompt }}
          aria-label={`${t('agent.task_ask', { name: colleague.persona_name })}: ${task.title}`}
          className={look}
        >
          {t('agent.task_ask', { name: firstName(colleague.persona_name) })}
          <ArrowRight size={15} className="rtl:-scale-x-100" aria-hidden="true" />
        </Link>
      ) : mayHire ? (
        <Link to="/hire/$agent" params={{ agent: agent.slug }} aria-label={`${t('agent.task_after')}: ${task.title}`} className={look}>
          {t('agent.task_after')}
          <ArrowRight size={15} className="rtl:-scale-x-100" aria-hidden="true" />
        </Link>
      ) : null}
    </li>
  )
}
