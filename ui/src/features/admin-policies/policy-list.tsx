import { useQuery } from '@tanstack/react-query'
import { BookOpen, Cpu, type LucideIcon, UserRound } from 'lucide-react'
import { useState } from 'react'
import { type Policy, policyQueries, type ResourceType } from '@/api/policy-queries'
import { providerQueries } from '@/api/provider-queries'
import { queries } from '@/api/queries'
import { useCan } from '@/api/session'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { choiceTitle } from '@/components/model-choice'
import { Panel } from '@/components/page'
import { useRoleNames } from '@/components/role-names'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { optional, t } from '@/lib/i18n'
import { PolicySheet } from './policy-sheet'
import { type Known, type Resource, resourcesOf } from './resources'

const NAMES_MAX = 3
const KINDS: readonly (readonly [ResourceType, LucideIcon])[] = [
  ['ve', UserRound],
  ['model', Cpu],
  ['collection', BookOpen],
]

/** Nothing while it loads; an empty list where it cannot be read. */
const known = <Data,>({ data, isLoading }: { data: Data | undefined; isLoading: boolean }, list: (data: Data) => Known[]) =>
  data === undefined ? (isLoading ? undefined : []) : list(data)

/** What there is to keep. What this session may not list shows only where a policy names it. */
function useKnown(): Record<ResourceType, Known[] | undefined> {
  const ves = useQuery(queries.ves('active'))
  const models = useQuery({ ...queries.modelChoices(), enabled: useCan('team.read') })
  const collections = useQuery({ ...providerQueries.collections(), enabled: useCan('collections.manage') })
  return {
    ve: known(ves, ({ items }) => items.map((ve) => ({ id: ve.id, name: ve.persona_name, note: ve.agent.name }))),
    model: known(models, ({ items }) =>
      items.filter((choice) => choice.model !== 'auto').map((choice) => ({ id: choice.model, name: choiceTitle(choice) })),
    ),
    collection: known(collections, ({ items }) =>
      items.map(({ collection }) => ({ id: collection, name: optional(`policies.collection.${collection}`) ?? collection })),
    ),
  }
}

export function PolicyList() {
  const { data, error, refetch } = useQuery(policyQueries.policies())
  const there = useKnown()
  const [opened, setOpened] = useState<{ type: ResourceType; id: string }>()
  const groups = KINDS.map(([type, icon]) => ({ type, icon, resources: resourcesOf(type, there[type] ?? [], data?.items ?? []) }))
  const open = groups.flatMap((group) => group.resources).find((item) => item.type === opened?.type && item.id === opened.id)
  if (error && !data) {
    return (
      <div className="panel">
        <ErrorState error={error} onRetry={() => void refetch()} />
      </div>
    )
  }
  return (
    <>
      <p className="mb-5 max-w-[84ch] px-1 text-[14.5px] text-ink-2">{t('policies.how')}</p>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4">
        {groups.map(({ type, icon, resources }, i) => (
          <Panel key={type} title={t(`policies.kind.${type}`)} icon={icon} pad={false} i={i}>
            {data && there[type] ? null : resources.length === 0 ? <RowsSkeleton rows={2} className="px-5 pb-5" /> : null}
            {data && there[type] && resources.length === 0 ? (
              <p className="px-5 pb-5 text-[14px] text-ink-2">{t(`policies.none.${type}`)}</p>
            ) : null}
            <ul aria-label={t(`policies.kind.${type}`)} className="divide-y divide-line">
              {resources.map((resource) => (
                <Row key={resource.id} resource={resource} onOpen={() => setOpened({ type, id: resource.id })} />
              ))}
            </ul>
          </Panel>
        ))}
      </div>
      {open ? <PolicySheet key={`${open.type}/${open.id}`} resource={open} onClose={() => setOpened(undefined)} /> : null}
    </>
  )
}

function Row({ resource, onOpen }: { resource: Resource; onOpen: () => void }) {
  return (
    <li className="flex items-center gap-4 px-5 py-3.5">
      <div className="grid min-w-0 flex-1 items-center gap-x-4 gap-y-2 sm:grid-cols-2">
        <div className="min-w-0">
          <b className="block truncate text-[15px] font-medium">{resource.name}</b>
          {resource.note ? <span className="block truncate text-[13px] text-ink-2">{resource.note}</span> : null}
        </div>
        <div className="min-w-0 text-[13.5px] text-ink-2">
          {resource.policy ? <Named policy={resource.policy} /> : <StatusPill state="queued">{t('policies.everyone')}</StatusPill>}
        </div>
      </div>
      <Button kind="outline" size="sm" aria-label={t('policies.edit_of', { name: resource.name })} onClick={onOpen}>
        {t('policies.edit')}
      </Button>
    </li>
  )
}

function Named({ policy }: { policy: Policy }) {
  const { titleOf } = useRoleNames()
  const names = [...policy.roles.map(titleOf), ...policy.people.map((person) => person.display_name)]
  if (names.length === 0) return <StatusPill state="waiting">{t('policies.nobody')}</StatusPill>
  const rest = names.length - NAMES_MAX
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <StatusPill state="verified">{t('policies.only')}</StatusPill>
      <span>{names.slice(0, NAMES_MAX).join(', ')}</span>
      {rest > 0 ? <span>{t('policies.more', { count: rest })}</span> : null}
    </span>
  )
}
