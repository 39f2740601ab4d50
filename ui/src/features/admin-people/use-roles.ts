import { useQuery } from '@tanstack/react-query'
import { isAbove, roleQueries } from '@/api/role-queries'
import { useCan, useSession } from '@/api/session'
import { optional } from '@/lib/i18n'
import { roleTitle } from '@/lib/role-title'

/** A role that can be given, with why not where it cannot. */
export type RoleOption = { id: string; title: string; note: string; above: boolean }

/** Every node has these three, also for somebody who may not read the roles. */
const BASIC = ['admin', 'staff', 'normal'] as const

/** The roles of the organisation, as this session may give them. */
export function useRoles(): RoleOption[] {
  const session = useSession()
  const reads = useCan('roles.read')
  const { data } = useQuery({ ...roleQueries.roles(), enabled: reads })
  const note = (id: string, description: string) => optional(`people.role.${id}_note`) ?? description
  if (!data) return BASIC.map((id) => ({ id, title: roleTitle(id), note: note(id, ''), above: false }))
  return data.items.map((role) => ({
    id: role.id,
    title: roleTitle(role.id, role.title),
    note: note(role.id, role.description),
    above: isAbove(role, session),
  }))
}
