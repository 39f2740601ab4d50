import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { components } from './schema'
import type { Session } from './types'

type Schemas = components['schemas']

/** A set of permissions under a name. Built-in ones cannot be changed. */
export type OrganisationRole = Schemas['RoleView']
export type RoleInput = Required<Schemas['CreateRole']>
/** `node`: given by looking after the node, never by a role. */
export type PermissionInfo = Schemas['PermissionView']

export const roleKeys = { roles: ['roles'] as const, permissions: ['permissions'] as const }

export const roleQueries = {
  roles: () =>
    queryOptions({ queryKey: [...roleKeys.roles, 'list'] as const, queryFn: ({ signal }) => api.get('/api/admin/roles', { signal }) }),
  permissions: () =>
    queryOptions({
      queryKey: roleKeys.permissions,
      queryFn: ({ signal }) => api.get('/api/admin/permissions', { signal }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
}

/** Nobody gives a role that may do more than they may themselves. */
export const isAbove = (role: Pick<OrganisationRole, 'permissions'>, session: Session): boolean =>
  role.permissions.some((permission) => !session.permissions.includes(permission))
