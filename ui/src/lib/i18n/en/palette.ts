import { addMessages } from '../catalogue'

/** Words of the command palette and of the list of shortcuts, which come when they are asked for. */
export const palette = addMessages({
  'palette.title': 'Command palette',
  'palette.placeholder': 'Open a page, find an employee',
  'palette.results': 'Results',
  'palette.page': 'Page',
  'palette.none': 'Nothing matches “{query}”. Try a page name, an employee or a trade.',
  'palette.agent': 'In the marketplace',
  'shortcuts.title': 'Keyboard shortcuts',
  'shortcuts.palette': 'Open the command palette',
  'shortcuts.go': 'Go to {page}',
  'shortcuts.sheet': 'Show this list',
  'shortcuts.off': 'Single-letter shortcuts are off. Switch them on in your account settings.',
})
