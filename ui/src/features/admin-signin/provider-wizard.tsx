import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { IdentityProvider, IdentityProviderKind } from '@/api/identity-provider-queries'
import { announce } from '@/components/announcer'
import { btn } from '@/components/button'
import { FormError } from '@/components/error-state'
import { toast } from '@/components/toast'
import { Wizard } from '@/components/wizard'
import { t } from '@/lib/i18n'
import { WizardPage } from './frame'
import { LoginTestPanel } from './login-test'
import { NodeFacts } from './node-facts'
import { emptyDraft, isDone, type Part, toInput } from './provider-draft'
import { ProviderPart } from './provider-parts'
import { wrongIn } from './use-directory'
import { useEnableProvider, useSaveProvider } from './use-provider'

type Step = Part | 'facts' | 'test'
const STEPS: Record<IdentityProviderKind, readonly Step[]> = {
  saml: ['metadata', 'idp', 'facts', 'roles', 'test'],
  oidc: ['oidc', 'facts', 'roles', 'test'],
}
/** Leaving one of these writes what was entered to the node: what follows needs it there. */
const SAVES: readonly Step[] = ['idp', 'oidc', 'roles']

/** Connects an identity provider step by step. It is saved before anybody can sign in by it; the last step opens it. */
export function ProviderWizard({ kind }: { kind: IdentityProviderKind }) {
  const [at, setAt] = useState(0)
  const [draft, setDraft] = useState(() => emptyDraft(kind))
  const [saved, setSaved] = useState<IdentityProvider>()
  const save = useSaveProvider()
  const steps = STEPS[kind]
  const step = steps[at] ?? 'test'
  const onNext = () => {
    if (!SAVES.includes(step)) return setAt(at + 1)
    save.mutate(
      { id: saved?.id, input: toInput(draft, false) },
      {
        onSuccess: (provider) => {
          setSaved(provider)
          setAt(at + 1)
          announce(t('idp.saved', { name: provider.name }))
        },
      },
    )
  }
  const common = { at, total: steps.length, onBack: at > 0 ? () => setAt(at - 1) : undefined }
  return (
    <WizardPage
      title={t(`idp.new.${kind}`)}
      lead={t(`idp.new_lead.${kind}`)}
      at={at}
      steps={steps.map((name) => ({ title: t(`idp.part.${name}`) }))}
    >
      {step === 'test' ? (
        saved ? (
          <OpenStep {...common} provider={saved} />
        ) : null
      ) : (
        <Wizard
          {...common}
          title={t(`idp.part_title.${step}`)}
          lead={t(`idp.part_lead.${step}`)}
          canNext={step === 'facts' || isDone(step, draft)}
          busy={save.isPending}
          onNext={onNext}
        >
          {step === 'facts' ? (
            saved ? (
              <NodeFacts provider={saved} />
            ) : null
          ) : (
            <ProviderPart part={step} draft={draft} onChange={setDraft} wrong={wrongIn(save.error)} />
          )}
          <FormError error={save.error} />
        </Wizard>
      )}
    </WizardPage>
  )
}

type OpenProps = { at: number; total: number; onBack: (() => void) | undefined; provider: IdentityProvider }
/** One login that signs nobody in, then the button appears for everybody. */
function OpenStep({ provider, ...step }: OpenProps) {
  const navigate = useNavigate()
  const enable = useEnableProvider(provider.id)
  const open = () =>
    enable.mutate(true, {
      onSuccess: () => {
        toast.success(t('idp.opened', { name: provider.name }))
        return navigate({ to: '/admin/sign-in/providers/$provider', params: { provider: provider.id } })
      },
    })
  return (
    <Wizard
      {...step}
      title={t('idp.part_title.test')}
      lead={t('idp.part_lead.test')}
      next={t('idp.open')}
      busy={enable.isPending}
      onNext={open}
    >
      <LoginTestPanel provider={provider} />
      <FormError error={enable.error} />
      <Link to="/admin/sign-in" className={btn('quiet', 'sm', 'justify-self-start')}>
        {t('signins.leave_off')}
      </Link>
    </Wizard>
  )
}
