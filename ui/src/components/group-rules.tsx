import '@/lib/i18n/en/grants'
import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import type { GroupRule, RoleGrant } from '@/api/contract'
import { queries } from '@/api/queries'
import { useCanNode, useSession } from '@/api/session'
import { t } from '@/lib/i18n'
import { Button, IconButton } from './button'
import { Field, Select } from './field'
import { useRoleNames } from './role-names'

/** The organisations that roles can be given in: all of the node for whoever looks after it, one's own otherwise. */
export function useOrganisations() {
  const session = useSession()
  const { data } = useQuery({ ...queries.organisations(), enabled: useCanNode('node.organisations') })
  const list = data?.items ?? session.organisations
  const nameOf = (id: string) => list.find((item) => item.id === id)?.name ?? id
  return { organisations: list, nameOf, current: session.organisation.id }
}

type GroupRulesProps = {
  rules: readonly GroupRule[]
  onChange: (rules: GroupRule[]) => void
  placeholder: string
  /** Where the organisation is the one acted for, nobody is asked for it. */
  fixed?: boolean
}

/** Which group gets which role in which organisation. */
export function GroupRules({ rules, onChange, placeholder, fixed = false }: GroupRulesProps) {
  const { organisations, current } = useOrganisations()
  const change = (at: number, part: Partial<GroupRule>) =>
    onChange(rules.map((rule, index) => (index === at ? { ...rule, ...part } : rule)))
  const add = () => onChange([...rules, { group: '', organisation_id: current, role: 'normal' }])
  return (
    <div className="grid gap-3">
      {rules.length > 0 ? (
        <ul aria-label={t('grants.rules')} className="grid gap-3">
          {rules.map((rule, at) => (
            <li
              key={at}
              className="grid items-end gap-3 rounded-[16px] border border-line bg-surface-2/50 p-3.5 sm:grid-cols-[minmax(0,1fr)_auto]"
            >
              <Field
                label={t('grants.rule_group', { number: at + 1 })}
                placeholder={placeholder}
                autoComplete="off"
                spellCheck={false}
                required
                value={rule.group}
                onChange={(event) => change(at, { group: event.target.value })}
                className="sm:col-span-2"
              />
              <div className={`grid grid-cols-[minmax(0,1fr)] gap-3 ${fixed || organisations.length < 2 ? '' : 'sm:grid-cols-2'}`}>
                {fixed || organisations.length < 2 ? null : (
                  <Select
                    label={t('grants.rule_organisation', { number: at + 1 })}
                    value={rule.organisation_id}
                    onChange={(organisation_id) => change(at, { organisation_id, role: 'normal' })}
                    items={organisations.map((item) => [item.id, item.name] as const)}
                  />
                )}
                <RoleSelect label={t('grants.rule_role', { number: at + 1 })} grant={rule} onChange={(role) => change(at, { role })} />
              </div>
              <IconButton
                label={t('grants.rule_remove', { number: at + 1 })}
                className="mb-1 justify-self-end"
                onClick={() => onChange(rules.filter((_, index) => index !== at))}
              >
                <Trash2 size={17} aria-hidden="true" />
              </IconButton>
            </li>
          ))}
        </ul>
      ) : (
        <p className="rounded-[16px] border border-dashed border-field px-4 py-5 text-center text-[14px] text-ink-2">
          {t('grants.rules_none')}
        </p>
      )}
      <Button kind="outline" size="sm" className="justify-self-start" onClick={add}>
        <Plus size={15} aria-hidden="true" />
        {t('grants.rule_add')}
      </Button>
    </div>
  )
}

type RoleSelectProps = { label: string; hint?: string; grant: RoleGrant; onChange: (role: string) => void }
/** A role: the own ones too where it is given in the organisation acted for, else the built-in ones. */
export function RoleSelect({ label, hint, grant, onChange }: RoleSelectProps) {
  const { all, builtIn, titleOf } = useRoleNames()
  const { current } = useOrganisations()
  const offered = grant.organisation_id === current ? all : builtIn
  const known = offered.some(([role]) => role === grant.role)
  return (
    <Select
      label={label}
      hint={hint}
      value={grant.role}
      onChange={onChange}
      items={known ? offered : [...offered, [grant.role, titleOf(grant.role)] as const]}
    />
  )
}

/** Rules that say enough to be sent. */
export const areWhole = (rules: readonly GroupRule[]): boolean => rules.every((rule) => rule.group.trim() !== '' && rule.role !== '')
