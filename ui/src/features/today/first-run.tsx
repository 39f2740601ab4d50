import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { queries } from '@/api/queries'
import { useCan, useCanNode, useSession } from '@/api/session'
import type { Overview, Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { Hall } from '@/components/hall'
import { Orb } from '@/components/orb'
import { PageHeader } from '@/components/page'
import { rich, t } from '@/lib/i18n'
import { firstSteps } from './first-steps'
import { StepRow } from './step-row'

const TASKS_SHOWN = 3

/** The way from an empty hall to the first answer. */
export function FirstRun({ overview }: { overview: Overview }) {
  const { person } = useSession()
  const rights = { models: useCanNode('models.manage'), people: useCan('people.manage') }
  const employee = overview.employees[0]
  const steps = firstSteps(overview, rights)
  const done = steps.filter((step) => step.done).length
  const next = steps.findIndex((step) => !step.done && !step.waiting)
  return (
    <>
      <PageHeader title={t('today.welcome', { name: firstName(person.display_name) })}>
        {t('today.welcome_lead', { done, all: steps.length })}
      </PageHeader>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)]">
        <ol aria-label={t('today.steps')} className="grid grid-cols-[minmax(0,1fr)] content-start gap-3">
          {steps.map((step, index) => (
            <StepRow key={step.id} step={step} index={index} next={index === next} />
          ))}
        </ol>
        <section
          aria-label={t('today.progress')}
          className="horizon panel flex flex-col sm:min-h-[420px] items-center justify-end overflow-hidden p-6"
          style={{ '--i': 2 }}
        >
          <div className="floor" aria-hidden="true" />
          <Hall className="w-[min(460px,100%)]" lit={done / steps.length} orb={64} state={employee ? undefined : 'off'} />
          <div className="pane relative -mt-16 flex items-center gap-3 rounded-full py-2 ps-2 pe-5 text-[14px]">
            {employee ? (
              <Orb hue={employee.agent.hue} size={32} icon={agentIcon(employee.agent.icon)} />
            ) : (
              <Orb hue="magenta" size={32} state="off" />
            )}
            <span>
              {employee
                ? rich(
                    'today.at_desk',
                    { b: (name) => <b className="font-semibold">{name}</b> },
                    { name: firstName(employee.persona_name) },
                  )
                : t('today.empty_desk')}
            </span>
          </div>
        </section>
      </div>
      {employee ? <Tasks employee={employee} /> : null}
    </>
  )
}

/** Sample tasks of the first employee; each opens a new conversation with its words ready to send. */
function Tasks({ employee }: { employee: Ve }) {
  const { data: agent } = useQuery(queries.agent(employee.agent.slug))
  if (!agent) return null
  return (
    <>
      <h2 className="mt-8 mb-3 px-1 font-display text-[20px] font-semibold tracking-[-.02em]">
        {t('today.tasks_of', { name: firstName(employee.persona_name) })}
      </h2>
      <ul className="grid gap-4 md:grid-cols-3">
        {agent.sample_tasks.slice(0, TASKS_SHOWN).map((task, index) => (
          <li key={task.title} className="panel lift flex flex-col p-5" style={{ '--i': index + 4 }}>
            <b className="text-[15.5px] font-semibold">{task.title}</b>
            <p className="mt-1 line-clamp-3 text-[14px] text-ink-2">{task.prompt}</p>
            <Link
              to="/chat/$ve/$conversation"
              params={{ ve: employee.id, conversation: 'new' }}
              search={{ ask: task.prompt }}
              aria-label={`${t('today.start')}: ${task.title}`}
              className={btn('quiet', 'sm', '-ms-3.5 mt-3 self-start text-brand')}
            >
              {t('today.start')}
              <ArrowRight size={15} className="rtl:-scale-x-100" aria-hidden="true" />
            </Link>
          </li>
        ))}
      </ul>
    </>
  )
}
