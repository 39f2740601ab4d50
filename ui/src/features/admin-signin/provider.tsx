import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { type IdentityProvider, identityProviderKeys, identityProviderQueries, type SignInFailure } from '@/api/identity-provider-queries'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Switch } from '@/components/field'
import { PageHeader, Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { Tabs } from '@/components/tabs'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime, formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { CertificateRow } from './certificates'
import { DeleteSource } from './delete-source'
import { BackToSignIn } from './frame'
import { KeyRotation } from './key-rotation'
import { LoginTestPanel } from './login-test'
import { NodeFacts } from './node-facts'
import { NotTakenOver } from './not-taken-over'
import { draftOf, isDone, partsOf, toInput } from './provider-draft'
import { ProviderPart } from './provider-parts'
import { wrongIn } from './use-directory'
import { useEnableProvider, useSaveProvider } from './use-provider'
import { Whole } from './whole'

const route = getRouteApi('/app/admin/sign-in/providers/$provider')

/** One identity provider: what to enter there, a test, its keys, and how it is set up. */
export default function ProviderPage() {
  const { provider: id } = route.useParams()
  const query = useQuery(identityProviderQueries.one(id))
  return <Whole query={query}>{(provider) => <Detail key={id} provider={provider} />}</Whole>
}

function Detail({ provider }: { provider: IdentityProvider }) {
  const { tab = 'state' } = route.useSearch()
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  const show = (next: string) =>
    void navigate({
      to: '/admin/sign-in/providers/$provider',
      params: { provider: provider.id },
      search: next === 'state' ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    })
  const tabs = [
    { id: 'state', label: t('signins.tab.state'), body: <State provider={provider} /> },
    { id: 'settings', label: t('signins.tab.settings'), body: <Settings provider={provider} /> },
    provider.saml ? { id: 'keys', label: t('signins.tab.keys'), body: <KeyRotation provider={provider} saml={provider.saml} /> } : null,
  ].filter((item) => item !== null)
  return (
    <>
      <BackToSignIn />
      <PageHeader
        title={provider.name}
        actions={
          <Button kind="danger" onClick={() => setDeleting(true)}>
            <Trash2 size={16} aria-hidden="true" />
            {t('signins.delete')}
          </Button>
        }
      >
        {t('idp.subtitle', { kind: t(`idp.kind.${provider.kind}`), address: provider.saml?.idp_entity_id ?? provider.oidc?.issuer ?? '' })}
      </PageHeader>
      <Tabs label={t('signins.tabs')} value={tab} onChange={show} items={tabs} />
      {deleting ? <DeleteProvider provider={provider} onClose={() => setDeleting(false)} /> : null}
    </>
  )
}

function State({ provider }: { provider: IdentityProvider }) {
  const enable = useEnableProvider(provider.id)
  const refusals = useQuery(identityProviderQueries.refusals(provider.id))
  const { saml } = provider
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
      <Panel title={t('idp.panel_state')}>
        <div className="grid gap-5">
          <p>
            <StatusPill state={provider.enabled ? 'done' : 'paused'}>
              {t(provider.enabled ? 'signins.state.on' : 'signins.state.off')}
            </StatusPill>
          </p>
          <Switch
            label={t('signins.enabled')}
            note={t('idp.enabled_note')}
            checked={enable.isPending ? enable.variables : provider.enabled}
            disabled={enable.isPending}
            onChange={(enabled) => enable.mutate(enabled, { onError: toast.error })}
          />
          {saml ? (
            <div className="border-t border-line pt-5">
              <p className="mb-2 text-[13.5px] font-medium">{t('saml.certificates')}</p>
              <ul aria-label={t('saml.certificates')} className="grid gap-2.5">
                {saml.certificates.map((certificate) => (
                  <CertificateRow key={certificate.fingerprint} certificate={certificate} />
                ))}
              </ul>
            </div>
          ) : null}
        </div>
      </Panel>
      <Panel title={t('idp.panel_facts')} i={1}>
        <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('idp.part_lead.facts')}</p>
        <NodeFacts provider={provider} />
      </Panel>
      <Panel title={t('idp.panel_test')} i={2}>
        <p className="-mt-2 mb-4 max-w-[72ch] text-[14px] text-ink-2">{t('idp.part_lead.test')}</p>
        <LoginTestPanel provider={provider} />
      </Panel>
      <Panel title={t('idp.panel_refused')} i={3} pad={false}>
        <Refused failures={provider.recent_failures} />
      </Panel>
      <Panel title={t('signins.kept')} i={4} pad={false} className="xl:col-span-2">
        <NotTakenOver query={refusals} />
      </Panel>
    </div>
  )
}

/** Who was turned away says only a reference; here stands why. */
function Refused({ failures }: { failures: SignInFailure[] }) {
  if (failures.length === 0) return <p className="px-5 pb-5 text-[14px] text-ink-2">{t('idp.refused_none')}</p>
  return (
    <ul aria-label={t('idp.panel_refused')} className="divide-y divide-line border-t border-line">
      {failures.map((failure) => (
        <li key={failure.request_id} className="px-5 py-3 text-[14px]">
          <p className="[overflow-wrap:anywhere]">{sentence(failure.reason)}</p>
          <p className="flex flex-wrap gap-x-3 text-[13px] text-ink-3">
            <span title={formatDateTime(failure.at)}>{t('idp.refused_when', { when: formatRelative(failure.at) })}</span>
            <code className="font-mono text-[12px]">{failure.request_id}</code>
          </p>
        </li>
      ))}
    </ul>
  )
}

/** Everything the wizard asked, on one page. */
function Settings({ provider }: { provider: IdentityProvider }) {
  const [draft, setDraft] = useState(() => draftOf(provider))
  const save = useSaveProvider()
  const parts = partsOf(provider.kind)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(
      { id: provider.id, input: toInput(draft, provider.enabled) },
      {
        onSuccess: (saved) => {
          setDraft(draftOf(saved))
          toast.success(t('idp.saved', { name: saved.name }))
        },
      },
    )
  }
  return (
    <form onSubmit={submit} className="grid max-w-[860px] grid-cols-[minmax(0,1fr)] gap-4">
      {parts.map((part, i) => (
        <Panel key={part} title={t(`idp.part_title.${part}`)} i={i}>
          <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
            <ProviderPart part={part} draft={draft} onChange={setDraft} wrong={wrongIn(save.error)} />
          </div>
        </Panel>
      ))}
      <FormError error={save.error} />
      <div className="flex justify-end">
        <Button type="submit" size="lg" disabled={!parts.every((part) => isDone(part, draft)) || save.isPending}>
          {t('action.save')}
        </Button>
      </div>
    </form>
  )
}

function DeleteProvider({ provider, onClose }: { provider: IdentityProvider; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/identity-providers/{id}', { path: { id: provider.id } }),
    onSuccess: async () => {
      toast.success(t('signins.deleted', { name: provider.name }))
      await navigate({ to: '/admin/sign-in' })
      client.removeQueries({ queryKey: identityProviderKeys.one(provider.id) })
      return client.invalidateQueries()
    },
    onError: (error) => {
      toast.error(error)
      onClose()
    },
  })
  return (
    <DeleteSource
      source={provider.id}
      name={provider.name}
      organisations={[...provider.group_map, ...(provider.default_grant ? [provider.default_grant] : [])].map(
        (grant) => grant.organisation_id,
      )}
      busy={remove.isPending}
      onClose={onClose}
      onConfirm={() => remove.mutate()}
    />
  )
}
