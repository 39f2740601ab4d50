import './i18n/en/role-words'
import { optional } from './i18n'

/** The name of a role: ours for a built-in one, the organisation's own for another, and at last the bare id. */
export const roleTitle = (role: string, title?: string | null): string => optional(`role.${role}`) ?? title ?? role
