import { useMutation } from '@tanstack/react-query'
import { FileSearch } from 'lucide-react'
import { api } from '@/api/client'
import type { SamlMetadata } from '@/api/identity-provider-queries'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field, Select, Switch, Textarea } from '@/components/field'
import { GroupRules, RoleSelect, useOrganisations } from '@/components/group-rules'
import { PasswordField } from '@/components/password-field'
import { TextDrop } from '@/components/text-drop'
import { t } from '@/lib/i18n'
import { CertificateRow } from './certificates'
import { EXAMPLES } from './examples'
import { type Draft, type Part, withMetadata } from './provider-draft'

export type PartProps = { draft: Draft; onChange: (draft: Draft) => void; wrong: (field: string) => string | undefined }
const PLAIN_TEXT = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const

/** One part of the form of an identity provider. */
export function ProviderPart({ part, ...props }: PartProps & { part: Part }) {
  switch (part) {
    case 'metadata':
      return <MetadataPart {...props} />
    case 'idp':
      return <SamlPart {...props} />
    case 'oidc':
      return <OidcPart {...props} />
    case 'roles':
      return <RolesPart {...props} />
  }
}

const NameField = ({ draft, onChange, wrong }: PartProps) => (
  <Field
    label={t('idp.name')}
    hint={t('idp.name_hint')}
    required
    maxLength={80}
    autoComplete="off"
    value={draft.name}
    error={wrong('name')}
    onChange={(event) => onChange({ ...draft, name: event.target.value })}
  />
)

/** Text that was pasted or dropped in one piece needs no button to be read. */
const isWholeDocument = (xml: string) => /<\/(?:[\w.-]+:)?Entit(?:y|ies)Descriptor>\s*$/.test(xml)

function MetadataPart(props: PartProps) {
  const { draft, onChange } = props
  const read = useMutation({
    mutationFn: (xml: string) => api.post('/api/admin/identity-providers/saml/parse-metadata', { body: { xml } }),
    onSuccess: (found: SamlMetadata, xml) => {
      onChange(withMetadata({ ...draft, saml: { ...draft.saml, xml } }, found))
      announce(t('idp.metadata_read', { entity: found.idp_entity_id }))
    },
  })
  const { xml } = draft.saml
  const take = (next: string) => {
    onChange({ ...draft, saml: { ...draft.saml, xml: next } })
    if (isWholeDocument(next)) read.mutate(next)
  }
  return (
    <>
      <NameField {...props} />
      <TextDrop
        label={t('idp.metadata')}
        hint={t('idp.metadata_hint')}
        accept=".xml,text/xml,application/xml,application/samlmetadata+xml"
        rows={7}
        placeholder={EXAMPLES.metadata}
        value={xml}
        onChange={take}
      />
      <Button kind="outline" className="justify-self-start" disabled={xml.trim() === '' || read.isPending} onClick={() => read.mutate(xml)}>
        <FileSearch size={17} aria-hidden="true" />
        {t('idp.metadata_do')}
      </Button>
      <FormError error={read.error} />
      {read.data ? (
        <p className="rise rounded-[14px] bg-success/10 px-3.5 py-3 text-[14px] [overflow-wrap:anywhere]">
          {t('idp.metadata_found', { entity: read.data.idp_entity_id, count: read.data.certificates.length })}
        </p>
      ) : null}
    </>
  )
}

function SamlPart({ draft, onChange, wrong }: PartProps) {
  const { saml } = draft
  const set = (part: Partial<Draft['saml']>) => onChange({ ...draft, saml: { ...saml, ...part } })
  const text = (name: 'idp_entity_id' | 'sso_url' | 'slo_url' | 'name_id_format', required: boolean) => (
    <Field
      {...PLAIN_TEXT}
      label={t(`saml.${name}`)}
      hint={t(`saml.${name}_hint`)}
      required={required}
      value={saml[name]}
      error={wrong(`saml.${name}`)}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  )
  return (
    <>
      {text('idp_entity_id', true)}
      {text('sso_url', true)}
      {text('slo_url', false)}
      <div>
        <p className="mb-1.5 text-[13.5px] font-medium">{t('saml.certificates')}</p>
        <ul aria-label={t('saml.certificates')} className="grid gap-2.5">
          {saml.certificates.map((certificate) => (
            <CertificateRow
              key={certificate.fingerprint}
              certificate={certificate}
              onRemove={() => set({ certificates: saml.certificates.filter((other) => other !== certificate) })}
            />
          ))}
        </ul>
        {wrong('saml.certificates') ? (
          <p role="alert" className="mt-1.5 text-[13px] text-danger">
            {wrong('saml.certificates')}
          </p>
        ) : null}
      </div>
      <Textarea
        mono
        label={t('saml.pem')}
        hint={t('saml.pem_hint')}
        rows={3}
        spellCheck={false}
        placeholder={EXAMPLES.pem}
        value={saml.pem}
        onChange={(event) => set({ pem: event.target.value })}
      />
      <div className="grid gap-4 rounded-[18px] border border-line p-4">
        {(['sign_requests', 'want_encrypted', 'allow_idp_initiated'] as const).map((name) => (
          <Switch
            key={name}
            label={t(`saml.${name}`)}
            note={t(`saml.${name}_note`)}
            checked={saml[name]}
            onChange={(on) => set({ [name]: on })}
          />
        ))}
      </div>
      <details>
        <summary className="w-fit cursor-pointer text-[14px] font-medium text-brand">{t('idp.more')}</summary>
        <div className="mt-4">{text('name_id_format', false)}</div>
      </details>
    </>
  )
}

function OidcPart(props: PartProps) {
  const { draft, onChange, wrong } = props
  const { oidc } = draft
  const set = (part: Partial<Draft['oidc']>) => onChange({ ...draft, oidc: { ...oidc, ...part } })
  return (
    <>
      <NameField {...props} />
      <Field
        {...PLAIN_TEXT}
        label={t('oidc.issuer')}
        hint={t('oidc.issuer_hint')}
        type="url"
        placeholder={EXAMPLES.issuer}
        required
        value={oidc.issuer}
        error={wrong('oidc.issuer')}
        onChange={(event) => set({ issuer: event.target.value })}
      />
      <Field
        {...PLAIN_TEXT}
        label={t('oidc.client_id')}
        hint={t('oidc.client_id_hint')}
        required
        value={oidc.client_id}
        error={wrong('oidc.client_id')}
        onChange={(event) => set({ client_id: event.target.value })}
      />
      <div>
        <PasswordField
          label={t('oidc.client_secret')}
          autoComplete="new-password"
          placeholder={oidc.has_client_secret ? t('oidc.client_secret_kept') : undefined}
          value={oidc.client_secret}
          error={wrong('oidc.client_secret')}
          onChange={(event) => set({ client_secret: event.target.value })}
        />
        <p className="mt-1.5 text-[13px] text-ink-3">{t('oidc.client_secret_hint')}</p>
      </div>
      <Field
        {...PLAIN_TEXT}
        label={t('oidc.scopes')}
        hint={t('oidc.scopes_hint')}
        required
        value={oidc.scopes}
        error={wrong('oidc.scopes')}
        onChange={(event) => set({ scopes: event.target.value })}
      />
      <details open={oidc.ca_pem !== '' || wrong('oidc.ca_pem') !== undefined}>
        <summary className="w-fit cursor-pointer text-[14px] font-medium text-brand">{t('idp.more')}</summary>
        <div className="mt-4">
          <TextDrop
            label={t('oidc.ca')}
            hint={t('oidc.ca_hint')}
            accept=".pem,.crt,.cer,.txt"
            rows={4}
            placeholder={EXAMPLES.pem}
            value={oidc.ca_pem}
            onChange={(ca_pem) => set({ ca_pem })}
          />
          {wrong('oidc.ca_pem') ? (
            <p role="alert" className="mt-1.5 text-[13px] text-danger">
              {wrong('oidc.ca_pem')}
            </p>
          ) : null}
        </div>
      </details>
    </>
  )
}

function RolesPart({ draft, onChange, wrong }: PartProps) {
  const { organisations, current } = useOrganisations()
  const grant = draft.default_grant
  return (
    <>
      <div className="grid gap-5 sm:grid-cols-3">
        {(['email', 'display_name', 'groups'] as const).map((name) => (
          <Field
            {...PLAIN_TEXT}
            key={name}
            label={t(`idp.attribute.${name}`)}
            hint={t(`idp.attribute_hint.${name}`)}
            placeholder={t('idp.attribute_usual')}
            value={draft.attributes[name]}
            error={wrong(`attributes.${name}`)}
            onChange={(event) => onChange({ ...draft, attributes: { ...draft.attributes, [name]: event.target.value } })}
          />
        ))}
      </div>
      <GroupRules
        rules={draft.group_map}
        onChange={(group_map) => onChange({ ...draft, group_map })}
        placeholder={t('idp.group_example')}
      />
      <div className="grid gap-4 rounded-[18px] border border-line p-4">
        <Switch
          label={t('idp.everyone')}
          note={t('idp.everyone_note')}
          checked={grant !== null}
          onChange={(on) => onChange({ ...draft, default_grant: on ? { organisation_id: current, role: 'normal' } : null })}
        />
        {grant ? (
          <div className="grid gap-4 sm:grid-cols-2">
            {organisations.length > 1 ? (
              <Select
                label={t('idp.everyone_organisation')}
                value={grant.organisation_id}
                onChange={(organisation_id) => onChange({ ...draft, default_grant: { organisation_id, role: 'normal' } })}
                items={organisations.map((item) => [item.id, item.name] as const)}
              />
            ) : null}
            <RoleSelect
              label={t('idp.everyone_role')}
              grant={grant}
              onChange={(role) => onChange({ ...draft, default_grant: { ...grant, role } })}
            />
          </div>
        ) : null}
      </div>
    </>
  )
}
