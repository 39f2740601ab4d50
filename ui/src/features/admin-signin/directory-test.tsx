import { useMutation } from '@tanstack/react-query'
import { FlaskConical, ShieldCheck, UserRound } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import type { DirectoryTestInput } from '@/api/directory-queries'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { TestSteps } from '@/components/test-steps'
import { t } from '@/lib/i18n'

type TestProps = { input: () => DirectoryTestInput; name: string; onResult?: (ok: boolean) => void }

/** Tries the settings as they stand, if wanted with somebody’s sign-in, and shows each step. */
export function DirectoryTestPanel({ input, name, onResult }: TestProps) {
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const test = useMutation({
    mutationFn: () =>
      api.post('/api/admin/directories/test', {
        body: { ...input(), ...(login.trim() ? { login: login.trim() } : {}), ...(login.trim() && password ? { password } : {}) },
      }),
    onSuccess: (result) => {
      announce(t(result.ok ? 'signins.test_passed' : 'signins.test_failed'))
      onResult?.(result.ok)
    },
  })
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label={t('directory.test_login')}
          hint={t('directory.test_login_hint')}
          icon={UserRound}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={login}
          onChange={(event) => setLogin(event.target.value)}
        />
        <div>
          <PasswordField
            label={t('directory.test_password')}
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <p className="mt-1.5 text-[13px] text-ink-3">{t('directory.test_password_hint')}</p>
        </div>
      </div>
      <Button kind="outline" className="justify-self-start" disabled={test.isPending} onClick={() => test.mutate()}>
        <FlaskConical size={17} aria-hidden="true" />
        {t('directory.test')}
      </Button>
      <FormError error={test.error} />
      {test.isPending || test.data ? (
        <div className="rounded-[18px] border border-line bg-surface-2/50 p-4 sm:p-5">
          {test.data && !test.isPending ? (
            <p className={`mb-4 flex items-center gap-2 text-[15px] font-semibold ${test.data.ok ? 'text-success' : 'text-danger'}`}>
              {test.data.ok ? <ShieldCheck size={18} aria-hidden="true" /> : null}
              {t(test.data.ok ? 'signins.test_passed' : 'signins.test_failed')}
            </p>
          ) : null}
          <TestSteps key={test.submittedAt} steps={test.data?.steps} busy={test.isPending} label={t('signins.test_steps', { name })} />
        </div>
      ) : null}
    </div>
  )
}
