import { useQuery } from '@tanstack/react-query'
import { UserRound } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Agent } from '@/api/types'
import { Chip, Field } from '@/components/field'
import { t } from '@/lib/i18n'
import { suggestNames } from './names'

const SUGGESTIONS = 4

/** The name of the new employee: the one its maker gave it, a suggestion, or one's own. */
export function NameStep({
  agent,
  value,
  fits,
  onChange,
}: {
  agent: Agent
  value: string
  fits: boolean
  onChange: (name: string) => void
}) {
  const { data } = useQuery(queries.ves('active'))
  const taken = data?.items.map((employee) => employee.persona_name) ?? []
  const names = [agent.default_persona_name, ...suggestNames(agent.slug, [...taken, agent.default_persona_name], SUGGESTIONS)]
  return (
    <>
      <Field
        label={t('hire.name.field')}
        hint={t('hire.name.hint')}
        error={fits ? undefined : t('hire.name.missing')}
        icon={UserRound}
        value={value}
        maxLength={60}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
      <fieldset>
        <legend className="mb-2.5 text-[13.5px] font-medium">{t('hire.name.suggestions')}</legend>
        <div className="flex flex-wrap gap-2">
          {names.map((name) => (
            <Chip key={name} on={name === value} onClick={() => onChange(name)}>
              {name}
            </Chip>
          ))}
        </div>
      </fieldset>
    </>
  )
}
