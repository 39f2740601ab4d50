import { queryOptions } from '@tanstack/react-query'
import { clientFor } from './client'
import type { List, Operation } from './contract'
import type { Session } from './types'

/** A set of permissions under a name. Built-in ones cannot be changed. */
export type OrganisationRole = {
  id: string
  title: string
  description: string
  built_in: boolean
  permissions: string[]
  members: number
}
export type RoleInput = { title: string; description: string; permissions: string[] }
/** `node`: given by looking after the node, never by a role. */
export type PermissionInfo = { name: string; group: string; description: string; node: boolean }

type Paths = {
  '/api/admin/roles': { get: Operation<List<OrganisationRole>>; post: Operation<OrganisationRole, RoleInput> }
  '/api/admin/roles/{id}': { patch: Operation<OrganisationRole, RoleInput>; delete: Operation<undefined> }
  '/api/admin/permissions': { get: Operation<List<PermissionInfo>> }
}

export const roleApi = clientFor<Paths>()
export const roleKeys = { roles: ['roles'] as const, permissions: ['permissions'] as const }

export const roleQueries = {
  roles: () =>
    queryOptions({ queryKey: [...roleKeys.roles, 'list'] as const, queryFn: ({ signal }) => roleApi.get('/api/admin/roles', { signal }) }),
  permissions: () =>
    queryOptions({
      queryKey: roleKeys.permissions,
      queryFn: ({ signal }) => roleApi.get('/api/admin/permissions', { signal }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
}

/** Nobody gives a role that may do more than they may themselves. */
export const isAbove = (role: Pick<OrganisationRole, 'permissions'>, session: Session): boolean =>
  role.permissions.some((permission) => !session.permissions.includes(permission))
