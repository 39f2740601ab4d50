import { addMessages } from '../catalogue'

/** Words of the field that holds several short values. */
export const chips = addMessages({
  'chips.add': 'Add {value}',
  'chips.remove': 'Remove {value}',
  'chips.no_domain': '“{value}” is no domain. Write it like example.com.',
})
