import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { useEffect, useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Agent, Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { announce } from '@/components/announcer'
import { FormError } from '@/components/error-state'
import { ModelPicker } from '@/components/model-choice'
import { PageTitle } from '@/components/page-title'
import { Wizard } from '@/components/wizard'
import { t } from '@/lib/i18n'
import { Contract } from './contract'
import { HandOver } from './hand-over'
import { NameStep } from './name-step'
import { Progress } from './progress'
import { ReadsStep } from './reads-step'

const NAME_CHARACTERS_MAX = 60
const STEPS = 4
/** The seal has landed by then; the conversation opens. */
const HAND_OVER_MS = 1_500

/** What the hire is agreed on so far. */
export type Terms = { persona_name: string; model: string }

/** Name, model, what may be read, hand-over. The contract beside it fills in as the steps pass. */
export function HireWizard({ agent }: { agent: Agent }) {
  const { organisation } = useSession()
  const [at, setAt] = useState(0)
  const [terms, setTerms] = useState<Terms>({ persona_name: agent.default_persona_name, model: 'auto' })
  const hire = useHire(agent)
  const name = terms.persona_name.trim()
  const first = firstName(name || agent.default_persona_name)
  const fits = name.length > 0 && name.length <= NAME_CHARACTERS_MAX
  const step = {
    at,
    total: STEPS,
    onBack: at > 0 ? () => setAt(at - 1) : undefined,
    onNext: () => setAt(at + 1),
  }
  return (
    <>
      <PageTitle>{t('hire.title', { name: agent.default_persona_name })}</PageTitle>
      <h1 className="sr-only">{t('hire.title', { name: agent.default_persona_name })}</h1>
      <Progress at={hire.data ? STEPS : at} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 xl:grid-cols-[minmax(0,1.25fr)_minmax(400px,1fr)]">
        <section className="panel flex flex-col p-6 sm:p-8 lg:min-h-[540px]" style={{ '--i': 1 }}>
          {hire.data ? (
            <HandOver agent={agent} employee={hire.data} />
          ) : at === 0 ? (
            <Wizard {...step} title={t('hire.name.title')} lead={t('hire.name.lead', { organisation: organisation.name })} canNext={fits}>
              <NameStep
                agent={agent}
                value={terms.persona_name}
                fits={fits}
                onChange={(persona_name) => setTerms({ ...terms, persona_name })}
              />
            </Wizard>
          ) : at === 1 ? (
            <Wizard {...step} title={t('hire.model.title', { name: first })} lead={t('hire.model.lead')}>
              <ModelPicker value={terms.model} onChange={(model) => setTerms({ ...terms, model })} />
            </Wizard>
          ) : at === 2 ? (
            <Wizard {...step} title={t('hire.reads.title', { name: first })} lead={t('hire.reads.lead')}>
              <ReadsStep agent={agent} />
            </Wizard>
          ) : (
            <Wizard
              {...step}
              title={t('hire.review.title')}
              lead={t('hire.review.lead', { name: first })}
              next={t('hire.action', { name: first })}
              busy={hire.isPending}
              onNext={() => hire.mutate({ ...terms, persona_name: name })}
            >
              <WhatHappens name={first} organisation={organisation.name} />
              <div className="xl:hidden">
                <Contract agent={agent} terms={terms} at={at} employee={undefined} />
              </div>
              <FormError error={hire.error} />
            </Wizard>
          )}
        </section>
        <div className={at === STEPS - 1 && !hire.data ? 'max-xl:hidden' : ''}>
          <Contract agent={agent} terms={terms} at={at} employee={hire.data} named />
        </div>
      </div>
    </>
  )
}

function WhatHappens({ name, organisation }: { name: string; organisation: string }) {
  const lines = [t('hire.next.seat', { name, organisation }), t('hire.next.chat'), t('hire.next.change')]
  return (
    <section aria-label={t('hire.next')} className="rounded-[18px] bg-surface-2 p-5">
      <h3 className="text-[14.5px] font-semibold">{t('hire.next')}</h3>
      <ul className="mt-3 grid gap-2.5 text-[14.5px]">
        {lines.map((line) => (
          <li key={line} className="flex items-start gap-3">
            <span className="mt-px grid size-6 shrink-0 place-items-center rounded-full bg-brand-soft text-brand">
              <Check size={14} strokeWidth={3} aria-hidden="true" />
            </span>
            {line}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Hires, then hands over to the first conversation. */
function useHire(agent: Agent) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const hire = useMutation({
    mutationFn: (body: Terms) => api.post('/api/marketplace/agents/{id}/hire', { path: { id: agent.slug }, body }),
    onSuccess: (employee: Ve) => {
      client.setQueryData(keys.ve(employee.id), employee)
      for (const queryKey of [keys.ves, keys.overview, keys.agents]) void client.invalidateQueries({ queryKey })
      announce(t('hire.done_title', { name: employee.persona_name }))
    },
  })
  const hired = hire.data?.id
  useEffect(() => {
    if (!hired) return
    const open = () => void navigate({ to: '/chat/$ve/$conversation', params: { ve: hired, conversation: 'new' }, replace: true })
    const timer = setTimeout(open, HAND_OVER_MS)
    return () => clearTimeout(timer)
  }, [hired, navigate])
  return hire
}
