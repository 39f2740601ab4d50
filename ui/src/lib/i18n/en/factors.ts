import { addMessages } from '../catalogue'

/** Words of what proves a person beyond the password: codes, passkeys, recovery codes. */
export const factors = addMessages({
  'factors.passkey.unsupported': 'This browser knows no passkeys. Use a newer one, or another way.',
  'factors.passkey.insecure': 'Passkeys need an encrypted connection: open this node with https.',
  'factors.passkey.address':
    'A passkey belongs to a name. Open this node by the name it has in your network, not by a number, and with a certificate that this browser trusts.',
  'factors.passkey.cancelled': 'No passkey was used: it was cancelled, or it took too long. You can try again.',
  'factors.passkey.known': 'This device holds a passkey for your account already.',
  'factors.passkey.failed': 'The passkey did not work. Try again, or use another way.',
  'factors.recovery.list': 'Recovery codes',
  'factors.recovery.once': 'They are shown only now. Each works once, when your authenticator or passkey is out of reach.',
  'factors.recovery.download': 'Save as a file',
  'factors.recovery.print': 'Print',
  'factors.recovery.file': 'Recovery codes of {email} for Guildhall on {node}. Each works once.',
  'factors.recovery.kept': 'I keep these codes in a safe place',
})
