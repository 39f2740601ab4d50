import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type CreatedPasskey, passkeyApi } from '@/api/account-queries'
import { isApiError } from '@/api/error'
import { Field } from '@/components/field'
import { t } from '@/lib/i18n'
import { describeUserAgent } from '@/lib/user-agent'
import { makePasskey } from '@/lib/webauthn'
import { ConfirmPassword } from './confirm-password'

const NAME_LENGTH_MAX = 60

function suggestion(): string {
  const agent = describeUserAgent(navigator.userAgent)
  const browser = agent.browser ?? t('security.passkeys.browser')
  return t('security.passkeys.suggestion', { browser, system: agent.system ?? t('security.passkeys.system') })
}

type AddPasskeyProps = { onAdded: (passkey: CreatedPasskey) => void; onCancel?: () => void }

/** A name and the password; the browser asks for the rest. */
export function AddPasskey({ onAdded, onCancel }: AddPasskeyProps) {
  const [name, setName] = useState(suggestion)
  const add = useMutation({
    mutationFn: async (password: string) => {
      const { challenge, options } = await passkeyApi.post('/api/account/passkeys/options', { body: { password } })
      const credential = await makePasskey(options)
      return passkeyApi.post('/api/account/passkeys', { body: { challenge, name: name.trim(), credential } })
    },
    onSuccess: onAdded,
  })
  return (
    <ConfirmPassword
      submit={t('security.passkeys.create')}
      busy={add.isPending}
      error={add.error}
      disabled={name.trim() === ''}
      onConfirm={(password) => add.mutate(password)}
      onCancel={onCancel}
    >
      <Field
        label={t('security.passkeys.name')}
        hint={t('security.passkeys.name_hint')}
        required
        maxLength={NAME_LENGTH_MAX}
        value={name}
        error={isApiError(add.error) ? add.error.field('name') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
    </ConfirmPassword>
  )
}
