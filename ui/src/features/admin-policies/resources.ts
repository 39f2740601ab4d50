import type { Policy, ResourceType } from '@/api/policy-queries'

/** Something whose use can be kept for some people, with the policy that does so. */
export type Resource = { type: ResourceType; id: string; name: string; note?: string; policy?: Policy }
/** What there is of one kind. */
export type Known = { id: string; name: string; note?: string }

/**
 * Everything of a kind, kept first. A policy on something that is no longer there is listed too, so that it can be taken away.
 */
export function resourcesOf(type: ResourceType, known: readonly Known[], policies: readonly Policy[]): Resource[] {
  const own = policies.filter((policy) => policy.resource_type === type)
  const there = known.map((item): Resource => ({ type, ...item, policy: own.find((policy) => policy.resource_id === item.id) }))
  const gone = own
    .filter((policy) => !known.some((item) => item.id === policy.resource_id))
    .map((policy): Resource => ({ type, id: policy.resource_id, name: policy.resource_name, policy }))
  const kept = (resource: Resource) => (resource.policy ? 0 : 1)
  return [...there, ...gone].sort((one, other) => kept(one) - kept(other))
}
