import { addMessages } from '../catalogue'

/** Words of sign-in and of the forced password change. */
export const signin = addMessages({
  'signin.region': 'Sign in',
  'signin.title': 'Welcome back',
  'signin.lead': 'Sign in to {node}.',
  'door.headline': 'The door is open. <shine>Work is inside.</shine>',
  'door.promise': 'Your AI employees work on this machine, in this building. What they read and write stays on it.',
  'signin.email': 'E-mail',
  'signin.password': 'Password',
  'signin.submit': 'Sign in',
  'signin.busy': 'Signing in',
  'signin.help': 'Cannot sign in?',
  'signin.help_text': 'Ask an administrator of your organisation to reset your password: they do it in Admin, People.',
  'signin.version': '{node}, version {version}',
  'door.offline': 'Works offline',
  'signin.wait': '{seconds, plural, one {Too many attempts. Try again in # second.} other {Too many attempts. Try again in # seconds.}}',
  'signin.ended': 'Your session has ended. Sign in to go on where you were.',
  'newpassword.title': 'Choose your own password',
  'newpassword.lead': 'The one you signed in with was made by an administrator and works only once.',
  'newpassword.current': 'Password you were given',
  'newpassword.new': 'New password',
  'newpassword.submit': 'Save and go on',
  'newpassword.other': 'Sign out instead',
})
