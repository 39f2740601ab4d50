import { addMessages } from '../catalogue'

/** Names of the built-in roles. */
export const roleWords = addMessages({
  'role.admin': 'Administrator',
  'role.staff': 'Staff',
  'role.normal': 'Member',
  'role.developer': 'Developer',
  'role.operator': 'Operator',
  'role.approver': 'Approver',
  'role.viewer': 'Viewer',
  'role.auditor': 'Auditor',
})
