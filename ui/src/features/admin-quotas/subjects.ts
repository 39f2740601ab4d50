import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { queries } from '@/api/queries'
import { useCan, useCanNode, useSession } from '@/api/session'
import type { QuotaScope } from '@/api/types'
import { usageQueries } from '@/api/usage-queries'
import { t } from '@/lib/i18n'

export type Subject = readonly [id: string, name: string]

/** Everybody and everything a limit can be set on, by the names people know. Keys are those that were used, and one's own. */
export function useSubjects() {
  const { organisation } = useSession()
  const readsPeople = useCan('people.read')
  const node = useCanNode('models.manage')
  const people = useInfiniteQuery({ ...queries.people(), enabled: readsPeople })
  const { data: team } = useQuery(queries.ves('active'))
  const { data: used } = useQuery(usageQueries.groups({}, 'api_key'))
  const { data: own } = useQuery(queries.apiKeys())
  const keys = new Map<string, string>()
  for (const key of own?.items ?? []) keys.set(key.id, key.name)
  for (const group of used?.groups ?? []) if (group.key !== null && group.label !== null) keys.set(group.key, group.label)
  const of: Record<QuotaScope, readonly Subject[]> = {
    organisation: [[organisation.id, organisation.name]],
    person: people.data?.pages.flatMap((page) => page.items.map((item): Subject => [item.id, item.display_name])) ?? [],
    ve: team?.items.map((ve): Subject => [ve.id, ve.persona_name]) ?? [],
    api_key: [...keys],
  }
  // Only who looks after the node sets the limit of a whole organisation.
  const scopes: QuotaScope[] = [...(node ? (['organisation'] as const) : []), 'person', 've', 'api_key']
  const nameOf = (scope: QuotaScope, id: string) => of[scope].find(([subject]) => subject === id)?.[1] ?? t('quotas.gone')
  return { of, scopes, nameOf }
}
