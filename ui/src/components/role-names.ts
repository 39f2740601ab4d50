import { useQuery } from '@tanstack/react-query'
import { isAbove, roleQueries } from '@/api/role-queries'
import { useCan, useSession } from '@/api/session'
import { roleTitle } from '@/lib/role-title'

/** The roles that every organisation has. */
export const BUILT_IN_ROLES = ['admin', 'staff', 'normal', 'developer', 'operator', 'approver', 'viewer', 'auditor'] as const

/** A role to choose: its id, what it is called, and whether it is above the person who chooses. */
type RoleItem = readonly [role: string, title: string, closed?: boolean]

/** The roles of the organisation acted for, and what each is called. Who may not read them sees the built-in ones. */
export function useRoleNames() {
  const session = useSession()
  const { data } = useQuery({ ...roleQueries.roles(), enabled: useCan('roles.read') })
  const own = data?.items ?? []
  const titleOf = (role: string) => roleTitle(role, own.find((item) => item.id === role)?.title)
  const builtIn = BUILT_IN_ROLES.map((role): RoleItem => [role, titleOf(role)])
  const all = own.length > 0 ? own.map((role): RoleItem => [role.id, titleOf(role.id), isAbove(role, session)]) : builtIn
  return { titleOf, builtIn, all }
}
