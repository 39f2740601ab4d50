import { addMessages } from '../catalogue'

/** Words about a new or a typed password. */
export const password = addMessages({
  'password.show': 'Show password',
  'password.hide': 'Hide password',
  'password.weak': 'Too easy to guess. Use at least 10 characters, such as four words.',
  'password.fair': 'Fair. A longer one is safer.',
  'password.good': 'Good.',
  'password.strong': 'Strong.',
  'password.empty': 'At least 10 characters. Four random words work well.',
})
