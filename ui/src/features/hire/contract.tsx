import { useQuery } from '@tanstack/react-query'
import { queries } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Agent, Ve } from '@/api/types'
import { priceText } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { choiceTitle } from '@/components/model-choice'
import { Orb } from '@/components/orb'
import { Seal } from '@/components/seal'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import type { Terms } from './hire-wizard'
import { permissionText } from './reads-step'

type ContractProps = {
  agent: Agent
  terms: Terms
  /** The step being filled in; its line is marked. */
  at: number
  employee: Ve | undefined
  /** Whether its orb takes part in the flight to the next page: one contract on the page does. */
  named?: boolean
}

/** The hire as a sheet of paper that fills in while the wizard runs. */
export function Contract({ agent, terms, at, employee, named = false }: ContractProps) {
  const { organisation, person } = useSession()
  const { data: choices } = useQuery(queries.modelChoices())
  const choice = choices?.items.find((item) => item.model === terms.model)
  const name = terms.persona_name.trim() || agent.default_persona_name
  const lines: [label: string, value: string, step: number, note?: string][] = [
    [t('hire.line.works_as'), agent.name, 0],
    [t('hire.line.answers_with'), choice ? choiceTitle(choice) : terms.model, 1],
    [t('hire.line.reads'), agent.permissions.map((permission) => permissionText(permission.id)).join('. '), 2],
    [t('hire.line.price'), priceText(agent.price), 3, agent.price.model === 'free' ? undefined : t('hire.line.price_note')],
    [t('hire.line.answers_to'), t('hire.line.answers_to_text', { organisation: organisation.name }), 3],
    [t('hire.line.ends'), t('hire.line.ends_text'), 3],
  ]
  const orbName = named ? `orb-${employee ? employee.id : agent.slug}` : undefined
  return (
    <section aria-label={t('hire.contract_label')} className="contract rise relative overflow-hidden p-6 sm:p-7" style={{ '--i': 2 }}>
      <div className="absolute inset-x-0 top-0 h-1.5 bg-gradient-to-r from-brand-fill to-violet rtl:bg-gradient-to-l" aria-hidden="true" />
      <div className="flex items-center gap-4">
        <span style={{ viewTransitionName: orbName }}>
          <Orb hue={agent.hue} size={54} icon={agentIcon(agent.icon)} state={employee ? 'working' : undefined} />
        </span>
        <div className="min-w-0">
          <p className="font-display text-[21px] leading-tight font-semibold tracking-[-.02em]">{t('hire.contract')}</p>
          <p className="truncate text-[13.5px] text-ink-2">{t('hire.parties', { organisation: organisation.name, name })}</p>
        </div>
      </div>
      <dl className="mt-5 grid">
        {lines.map(([label, value, step, note]) => (
          <div key={label} className="grid grid-cols-[104px_minmax(0,1fr)] gap-3 border-t border-line py-3 text-[14px]">
            <dt className="text-ink-3">{label}</dt>
            <dd
              className={`transition-colors duration-300 ${step === at && !employee ? 'text-brand' : step > at && !employee ? 'text-ink-2' : ''}`}
            >
              {value}
              {note ? <span className="mt-0.5 block text-[13px] text-ink-2">{note}</span> : null}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-3 grid grid-cols-2 items-end gap-6 border-t border-line pt-4 text-[12.5px] text-ink-3">
        <div>
          <Ink on={employee !== undefined} />
          <p className="border-t border-field pt-1.5">
            {t('hire.signed_for', { person: person.display_name, organisation: organisation.name })}
          </p>
        </div>
        <div className="relative h-[84px]">
          {employee ? (
            <span className="absolute end-0 -top-3 rotate-[-8deg]">
              <Seal size={100} />
            </span>
          ) : (
            <span className="absolute end-2 top-0 size-[76px] rounded-full border-2 border-dashed border-field" aria-hidden="true" />
          )}
        </div>
      </div>
      <p className="mt-3 font-mono text-[11.5px] text-ink-3">
        {employee ? t('hire.signed', { time: formatDateTime(employee.hired_at) }) : t('hire.draft')}
      </p>
    </section>
  )
}

/** A stroke of the pen, drawn once when the hire is made. */
function Ink({ on }: { on: boolean }) {
  return (
    <svg viewBox="0 0 180 44" className="h-11 w-full max-w-[180px]" aria-hidden="true">
      {on ? (
        <path
          className="seal-ink"
          pathLength={1}
          d="M6 32C14 8 20 8 18 26c-1 8 4-10 12-10 5 0-2 14 4 13 7-1 8-14 14-13 4 1-3 13 3 13 8 0 8-24 16-24 6 0-8 25 0 25 7 0 9-14 15-13 5 1-4 12 3 12 9 0 12-10 24-12 12-2 24 4 44-2"
          fill="none"
          stroke="var(--brand)"
          strokeWidth="2.2"
          strokeLinecap="round"
        />
      ) : null}
    </svg>
  )
}
