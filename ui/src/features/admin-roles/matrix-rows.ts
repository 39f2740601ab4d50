import type { OrganisationRole, PermissionInfo } from '@/api/role-queries'

export type PermissionGroup = { group: string; permissions: PermissionInfo[] }

/** Permissions of roles by their group, in the order the node lists them; what only comes with looking after the node is left out. */
export function groupsOf(permissions: readonly PermissionInfo[]): PermissionGroup[] {
  const groups = new Map<string, PermissionInfo[]>()
  for (const permission of permissions) {
    if (permission.node) continue
    groups.set(permission.group, [...(groups.get(permission.group) ?? []), permission])
  }
  return [...groups].map(([group, items]) => ({ group, permissions: items }))
}

export type MatrixFilter = { text: string; onlyDifferent: boolean }

const holds = (role: OrganisationRole, permission: PermissionInfo) => role.permissions.includes(permission.name)
const differs = (roles: readonly OrganisationRole[], permission: PermissionInfo) =>
  roles.some((role) => holds(role, permission)) && !roles.every((role) => holds(role, permission))

/** The rows that are left: every word has to be in the name, the description or the title of the group. */
export function filtered(
  groups: readonly PermissionGroup[],
  roles: readonly OrganisationRole[],
  filter: MatrixFilter,
  titleOf: (group: string) => string,
): PermissionGroup[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = (group: string, permission: PermissionInfo) => {
    const text = `${permission.name} ${permission.description} ${titleOf(group)}`.toLowerCase()
    return words.every((word) => text.includes(word)) && (!filter.onlyDifferent || differs(roles, permission))
  }
  return groups
    .map(({ group, permissions }) => ({ group, permissions: permissions.filter((permission) => matches(group, permission)) }))
    .filter(({ permissions }) => permissions.length > 0)
}

/** The permissions with all of a group put in or taken out, as far as the session may give them. */
export function withGroup(chosen: readonly string[], group: readonly PermissionInfo[], on: boolean, mayGive: (name: string) => boolean) {
  const names = group.map((permission) => permission.name).filter(mayGive)
  const rest = chosen.filter((name) => !names.includes(name))
  return on ? [...rest, ...names] : rest
}
