import { type FormEvent, type ReactNode, useState } from 'react'
import { isApiError } from '@/api/error'
import { useSession } from '@/api/session'
import { Button } from '@/components/button'
import { DialogActions } from '@/components/dialog'
import { PasskeyProblem } from '@/components/passkey-problem'
import { PasswordField } from '@/components/password-field'
import { t } from '@/lib/i18n'

type ConfirmPasswordProps = {
  submit: string
  busy: boolean
  error: unknown
  onConfirm: (password: string) => void
  onCancel?: () => void
  danger?: boolean
  disabled?: boolean
  children?: ReactNode
}

/** The password once more, before something about sign-in changes. */
export function ConfirmPassword(props: ConfirmPasswordProps) {
  const { submit, busy, error, onConfirm, onCancel, danger = false, disabled = false, children } = props
  const [password, setPassword] = useState('')
  const { person } = useSession()
  const refusal = isApiError(error) ? error : undefined
  const send = (event: FormEvent) => {
    event.preventDefault()
    onConfirm(password)
  }
  return (
    <form className="grid gap-5" onSubmit={send}>
      <input type="text" autoComplete="username" value={person.email} readOnly hidden />
      {children}
      <PasswordField
        label={t('security.confirm.password')}
        autoComplete="current-password"
        required
        value={password}
        error={refusal?.field('password')}
        onChange={(event) => setPassword(event.target.value)}
      />
      <PasskeyProblem error={error} fields={['password', 'name']} />
      <DialogActions>
        {onCancel ? (
          <Button kind="outline" onClick={onCancel}>
            {t('action.cancel')}
          </Button>
        ) : null}
        <Button type="submit" kind={danger ? 'danger' : 'brand'} disabled={busy || disabled || password === ''}>
          {submit}
        </Button>
      </DialogActions>
    </form>
  )
}
