import { addMessages } from '../catalogue'

/** Words of the pages on which a forgotten password is replaced. */
export const reset = addMessages({
  'reset.region': 'Forgotten password',
  'reset.title': 'Forgot your password?',
  'reset.lead': 'Give your e-mail, and the node sends you a link to choose a new one.',
  'reset.ask': 'Send the link',
  'reset.back': 'Back to sign-in',
  'reset.sent_title': 'Look at your mail',
  'reset.sent':
    'If there is an account of {email} with a password of this node, a link is on its way. It works once, for an hour. Nothing there? Look among the junk, or ask an administrator.',
  'reset.checking': 'Opening your link',
  'reset.failed_title': 'This link does not open',
  'reset.choose_title': 'Choose a new password',
  'reset.choose': 'For {name}, who signs in as {email}. Every session of this account ends.',
  'reset.password': 'New password',
  'reset.save': 'Save the password',
  'reset.done_title': 'Your new password is saved',
  'reset.done': 'Sign in with it. A second step is asked for as ever.',
})
