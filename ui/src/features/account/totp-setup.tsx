import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { TotpSetup } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { Button } from '@/components/button'
import { CODE_LENGTH, CodeField } from '@/components/code-field'
import { CopyButton } from '@/components/copy'
import { DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { t } from '@/lib/i18n'
import { ConfirmPassword } from './confirm-password'

type TotpStepsProps = { onCodes: (codes: string[]) => void; onCancel?: () => void }

/** An authenticator app: the password, the QR code, and a first code that proves the app has it. */
export function TotpSteps({ onCodes, onCancel }: TotpStepsProps) {
  const begin = useMutation({ mutationFn: (password: string) => api.post('/api/account/totp', { body: { password } }) })
  if (begin.data) return <Scan setup={begin.data} onCodes={onCodes} onCancel={onCancel} />
  return (
    <ConfirmPassword
      submit={t('action.continue')}
      busy={begin.isPending}
      error={begin.error}
      onConfirm={(password) => begin.mutate(password)}
      onCancel={onCancel}
    >
      <p className="text-[14px] text-ink-2">{t('security.confirm.lead')}</p>
    </ConfirmPassword>
  )
}

type ScanProps = { setup: TotpSetup; onCodes: (codes: string[]) => void; onCancel?: () => void }

function Scan({ setup, onCodes, onCancel }: ScanProps) {
  const [code, setCode] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const confirm = useMutation({
    mutationFn: (whole: string) => api.post('/api/account/totp/confirm', { body: { code: whole } }),
    onSuccess: (answer) => onCodes(answer.recovery_codes),
    onError: () => {
      setCode('')
      field.current?.focus()
    },
  })
  const error = isApiError(confirm.error) ? confirm.error.field('code') : undefined
  return (
    <form
      className="tabpanel grid gap-5"
      onSubmit={(event) => {
        event.preventDefault()
        confirm.mutate(code)
      }}
    >
      <div className="flex flex-wrap items-center gap-5">
        <img
          src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(setup.qr_svg)}`}
          alt={t('security.totp.qr')}
          className="size-[176px] shrink-0 rounded-[16px] border border-line bg-white p-2.5"
        />
        <div className="min-w-0 flex-1 basis-[200px] text-[14px]">
          <p className="text-[15px] font-semibold">{t('security.totp.scan_title')}</p>
          <p className="mt-1 text-ink-2">{t('security.totp.scan')}</p>
          <p className="mt-3 text-ink-2">{t('security.totp.manual')}</p>
          <p className="mt-1 flex items-center gap-1">
            <code className="min-w-0 font-mono text-[13.5px] leading-relaxed break-all">{inFours(setup.secret)}</code>
            <CopyButton text={setup.secret} label={t('security.totp.copy_secret')} />
          </p>
          <a href={setup.uri} className="inline-block py-1 font-medium text-brand underline-offset-4 hover:underline sm:hidden">
            {t('security.totp.open')}
          </a>
        </div>
      </div>
      <CodeField
        ref={field}
        autoFocus
        label={t('security.totp.code')}
        value={code}
        onChange={setCode}
        onComplete={(whole) => confirm.mutate(whole)}
        error={error}
        busy={confirm.isPending}
      />
      <FormError error={confirm.error} fields={['code']} />
      <DialogActions>
        {onCancel ? (
          <Button kind="outline" onClick={onCancel}>
            {t('action.cancel')}
          </Button>
        ) : null}
        <Button type="submit" disabled={code.length < CODE_LENGTH || confirm.isPending}>
          {t('security.totp.confirm')}
        </Button>
      </DialogActions>
    </form>
  )
}

/** Groups of four are typed with fewer mistakes; apps take the spaces. */
const inFours = (secret: string) => secret.replaceAll(/\s/g, '').replaceAll(/(.{4})(?=.)/g, '$1 ')
