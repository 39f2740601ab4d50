import './i18n/en/role-words'
import { optional } from './i18n'

/** The name of a role: ours for a built-in one, the organisation's own for another, and at last the bare id. */
export const roleTitle = (role: string, title?: string | null): string => optional(`role.${role}`) ?? title ?? role

/** The role of a session or member, whose own words the node may send along. */
export function roleTitleOf(holder: { role: string }): string {
  const title = 'role_title' in holder && typeof holder.role_title === 'string' ? holder.role_title : null
  return roleTitle(holder.role, title)
}
