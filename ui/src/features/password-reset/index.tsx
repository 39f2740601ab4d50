import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/reset'
import '@/lib/i18n/en/signin'
import { Door } from '@/components/door'
import { useLinkToken } from '@/components/link-token'
import { t } from '@/lib/i18n'
import { Ask } from './ask'
import { Choose } from './choose'

/** A forgotten password: without a link one is asked for, with it a new password is chosen. */
export default function PasswordReset() {
  const token = useLinkToken('/password-reset')
  return <Door label={t('reset.region')}>{token ? <Choose key={token} token={token} /> : <Ask />}</Door>
}
