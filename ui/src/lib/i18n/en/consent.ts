import { addMessages } from '../catalogue'

/** Words of the pages where an application or a device asks for access. */
export const consent = addMessages({
  'consent.region': 'An application asks for access',
  'consent.title': 'Let {client} in?',
  'consent.title_loading': 'An application asks for access',
  'consent.as': 'wants to work as {person} in {organisation}',
  'consent.may': 'It could then',
  'consent.never': 'Never more than you may do yourself, and it never learns your password.',
  'consent.site': 'You go back to {name} afterwards.',
  'consent.caution.loopback':
    '{client} runs on your own computer ({name}). Any program there can use this name: only allow it if you have just started it yourself.',
  'consent.caution.app':
    '{client} is an app on this device that opens with “{name}:”. Any app can use this name: only allow it if you have just started it yourself.',
  'consent.caution.public': '{client} cannot prove its name. Only allow it if you have just come from it yourself.',
  'consent.allow': 'Allow',
  'consent.deny': 'Deny',
  'consent.withdraw': 'You can withdraw it at any time in your account, under Applications.',
  'consent.wrong_title': 'This request is not in order',
  'consent.wrong': 'Nothing was allowed, and you are not sent on. Tell whoever looks after the application.',

  'device.region': 'A device asks for access',
  'device.title': 'Connect a device',
  'device.lead': 'Type the code that the device or the terminal shows.',
  'device.code': 'Code',
  'device.code_hint': 'Eight letters. Upper and lower case do not matter.',
  'device.caution': 'Only go on if a device in front of you shows {code} right now. Whoever sent you this code would get in instead.',
  'device.other': 'Enter another code',
  'device.allowed': 'Connected',
  'device.allowed_text': '{client} goes on by itself in a few seconds. You can close this page.',
  'device.denied': 'Not allowed',
  'device.denied_text': '{client} was told no. You can close this page.',
})
