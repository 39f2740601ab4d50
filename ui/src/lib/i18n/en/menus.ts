import { addMessages } from '../catalogue'

/** Words of the account menu, and of what it lets one choose. */
export const menus = addMessages({
  'menu.organisations': 'Organisations',
  'menu.settings': 'Account settings',
  'menu.effects': 'Effects',
  'menu.shortcuts': 'Keyboard shortcuts',
  'menu.sign_out': 'Sign out',
  'effects.auto': 'Auto',
  'effects.full': 'Full',
  'effects.lite': 'Lite',
  'effects.off': 'Off',
})
