import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { DoorOpen, TriangleAlert } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { accountQueries, signInKey } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { peopleQueries, type SignUpRules } from '@/api/people-queries'
import { Button } from '@/components/button'
import { ChipsField } from '@/components/chips-field'
import { ChoiceCards } from '@/components/choice-cards'
import { ConfirmDialog } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { domainIn } from '@/lib/domain'
import { rich, t } from '@/lib/i18n'

const MODES = ['off', 'approval', 'open'] as const

/** The rules as a form; opening sign-up to everybody is asked about once more. */
export function Rules({ saved }: { saved: SignUpRules }) {
  const [rules, setRules] = useState(saved)
  const [asking, setAsking] = useState(false)
  const { data: ways } = useQuery(accountQueries.signIn())
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (body: SignUpRules) => api.put('/api/admin/sign-up', { body }),
    onSuccess: (stored) => {
      client.setQueryData(peopleQueries.signUpRules().queryKey, stored)
      void client.invalidateQueries({ queryKey: signInKey })
      toast.success(t('admission.signup.saved'))
    },
    onSettled: () => setAsking(false),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (rules.mode === 'open' && saved.mode !== 'open') setAsking(true)
    else save.mutate(rules)
  }
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const both = rules.allowed_domains.find((domain) => rules.blocked_domains.includes(domain))
  const changed = JSON.stringify(rules) !== JSON.stringify(saved)
  const domains = (name: 'allowed_domains' | 'blocked_domains', label: string, hint: string) => (
    <ChipsField
      label={label}
      hint={hint}
      values={rules[name]}
      onChange={(values) => setRules((now) => ({ ...now, [name]: values }))}
      parse={domainIn}
      refusal={(value) => t('chips.no_domain', { value })}
      error={wrong(name)}
    />
  )
  return (
    <Panel title={t('admission.signup.rules')} icon={DoorOpen}>
      <form className="grid grid-cols-[minmax(0,1fr)] gap-6" onSubmit={submit}>
        <ChoiceCards
          label={t('admission.signup.mode')}
          value={rules.mode}
          onChange={(mode) => setRules((now) => ({ ...now, mode }))}
          items={MODES.map((value) => ({ value, title: t(`admission.signup.${value}`), note: t(`admission.signup.${value}_note`) }))}
        />
        {rules.mode === 'open' && ways?.password_reset === false ? (
          <p role="status" className="-mt-3 flex items-start gap-2 text-[13.5px] text-warn">
            <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
            {t('admission.signup.no_mail')}
          </p>
        ) : null}
        {saved.mode === 'off' ? null : (
          <p className="-mt-3 text-[13.5px] text-ink-2">
            {rich(
              'admission.signup.page',
              {},
              {
                link: (
                  <a href="/sign-up" target="_blank" rel="noreferrer" className="font-medium text-brand underline underline-offset-4">
                    {`${window.location.origin}/sign-up`}
                  </a>
                ),
              },
            )}
          </p>
        )}
        {domains('allowed_domains', t('admission.signup.allowed'), t('admission.signup.allowed_hint'))}
        {domains('blocked_domains', t('admission.signup.blocked'), t('admission.signup.blocked_hint'))}
        {both ? (
          <p role="status" className="flex items-center gap-2 text-[13.5px] text-warn">
            <TriangleAlert size={16} className="shrink-0" aria-hidden="true" />
            {t('admission.signup.both', { domain: both })}
          </p>
        ) : null}
        <FormError error={save.error} fields={['allowed_domains', 'blocked_domains']} />
        <Button type="submit" className="justify-self-start" disabled={!changed || save.isPending}>
          {t('action.save')}
        </Button>
      </form>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => save.mutate(rules)}
        title={t('admission.signup.confirm_title')}
        confirm={t('admission.signup.confirm')}
        busy={save.isPending}
      >
        {t('admission.signup.confirm_text')}
      </ConfirmDialog>
    </Panel>
  )
}
