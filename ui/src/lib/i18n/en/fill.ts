import { addMessages } from '../catalogue'

/** Words for choosing a template and filling it in. */
export const fill = addMessages({
  'fill.empty': 'This template has nothing to fill in.',
  'fill.optional': '{name} (optional)',
  'fill.yes': 'Yes',
  'fill.no': 'No',
  'fill.none': 'Not filled in',
  'fill.default': 'Left empty, it is “{value}”.',
  'fill.characters': '{min} to {max} characters',
  'fill.characters_max': 'At most {max} characters',
  'fill.characters_min': 'At least {min} characters',
  'fill.between': '{min} to {max}',
  'fill.from': '{min} or more',
  'fill.to': '{max} or less',
  'fill.day_from': '{min} or later',
  'fill.day_to': '{max} or earlier',
  'fill.preview': 'Preview',
  'fill.preview_empty': 'Fill in what is required, and the text shows here.',
  'fill.characters_now': '{count, plural, one {# character} other {# characters}}',
  'fill.pick_search': 'Search templates',
  'fill.pick_list': 'Templates',
  'fill.pick_none_title': 'No template matches',
  'fill.pick_none': 'Try fewer words, or write the prompt yourself.',
})
