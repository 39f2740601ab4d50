import { Building, Network, Plus, Server, Trash2, TriangleAlert } from 'lucide-react'
import { Button, IconButton } from '@/components/button'
import { ChoiceCards } from '@/components/choice-cards'
import { Field, Segmented, Switch } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { TextDrop } from '@/components/text-drop'
import { t } from '@/lib/i18n'
import { BIND_MODES, baseOf, type Draft, KINDS, LOGIN_PLACE, type Part, SECURITIES, withKind, withSecurity } from './directory-draft'
import { DirectoryGroups, DirectorySearch } from './directory-search'
import { EXAMPLES } from './examples'

export type PartProps = { draft: Draft; onChange: (draft: Draft) => void; wrong: (field: string) => string | undefined }
const ICONS = { active_directory: Building, openldap: Network, other: Server } as const

/** One part of the form of a directory. */
export function DirectoryPart({ part, ...props }: PartProps & { part: Part }) {
  switch (part) {
    case 'kind':
      return <KindPart {...props} />
    case 'connection':
      return <ConnectionPart {...props} />
    case 'bind':
      return <BindPart {...props} />
    case 'search':
      return <DirectorySearch {...props} />
    case 'groups':
      return <DirectoryGroups {...props} />
  }
}

function KindPart({ draft, onChange, wrong }: PartProps) {
  return (
    <>
      <ChoiceCards
        label={t('directory.kind')}
        value={draft.kind}
        onChange={(kind) => onChange(withKind(draft, kind))}
        items={KINDS.map((kind) => ({
          value: kind,
          title: t(`directory.kind.${kind}`),
          note: t(`directory.kind_note.${kind}`),
          icon: ICONS[kind],
        }))}
      />
      <Field
        label={t('directory.name')}
        hint={t('directory.name_hint')}
        required
        maxLength={80}
        autoComplete="off"
        value={draft.name}
        error={wrong('name')}
        onChange={(event) => onChange({ ...draft, name: event.target.value })}
      />
    </>
  )
}

function ConnectionPart({ draft, onChange, wrong }: PartProps) {
  return (
    <>
      <div className="grid justify-items-start gap-1.5">
        <p className="text-[13.5px] font-medium">{t('directory.security')}</p>
        <Segmented
          label={t('directory.security')}
          value={draft.security}
          onChange={(security) => onChange(withSecurity(draft, security))}
          items={SECURITIES.map((security) => [security, t(`directory.security.${security}`)] as const)}
        />
        <p className="text-[13px] text-ink-3">{t(`directory.security_note.${draft.security}`)}</p>
      </div>
      {draft.security === 'plain' ? <Plain draft={draft} onChange={onChange} wrong={wrong} /> : null}
      <Urls draft={draft} onChange={onChange} wrong={wrong} />
      {draft.security === 'plain' ? null : (
        <TextDrop
          label={t('directory.ca')}
          hint={t('directory.ca_hint')}
          accept=".pem,.crt,.cer,.txt"
          rows={4}
          placeholder={EXAMPLES.pem}
          value={draft.ca_pem}
          onChange={(ca_pem) => onChange({ ...draft, ca_pem })}
        />
      )}
      <Trouble text={wrong('ca_pem')} />
    </>
  )
}

/** Passwords in clear text are not sent by accident. */
function Plain({ draft, onChange }: PartProps) {
  return (
    <div className="grid gap-3 rounded-[16px] border border-warn/40 bg-warn/10 p-4">
      <p className="flex items-start gap-2.5 text-[14px]">
        <TriangleAlert size={17} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
        {t('directory.plain_warning')}
      </p>
      <Switch
        label={t('directory.plain_allow')}
        checked={draft.allow_plain}
        onChange={(allow_plain) => onChange({ ...draft, allow_plain })}
      />
    </div>
  )
}

function Urls({ draft, onChange, wrong }: PartProps) {
  const scheme = draft.security === 'ldaps' ? 'ldaps' : 'ldap'
  const set = (at: number, url: string) => onChange({ ...draft, urls: draft.urls.map((other, index) => (index === at ? url : other)) })
  /** A bare host name gets the scheme that the encryption asks for. */
  const complete = (at: number) => {
    const url = draft.urls[at]?.trim() ?? ''
    if (url && !url.includes('://')) set(at, `${scheme}://${url}`)
  }
  return (
    <div className="grid gap-3">
      {draft.urls.map((url, at) => (
        <Field
          key={at}
          label={at === 0 ? t('directory.url') : t('directory.url_next', { number: at + 1 })}
          hint={at === draft.urls.length - 1 ? t('directory.url_hint') : undefined}
          error={at === 0 ? (wrong('urls') ?? wrong('urls[0]')) : wrong(`urls[${at}]`)}
          placeholder={`${scheme}://dc1.example.org`}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
          required={at === 0}
          value={url}
          onChange={(event) => set(at, event.target.value)}
          onBlur={() => complete(at)}
          end={
            at === 0 ? null : (
              <IconButton
                label={t('directory.url_remove', { number: at + 1 })}
                className="-me-2"
                onClick={() => onChange({ ...draft, urls: draft.urls.filter((_, index) => index !== at) })}
              >
                <Trash2 size={16} aria-hidden="true" />
              </IconButton>
            )
          }
        />
      ))}
      <Button kind="outline" size="sm" className="justify-self-start" onClick={() => onChange({ ...draft, urls: [...draft.urls, ''] })}>
        <Plus size={15} aria-hidden="true" />
        {t('directory.url_add')}
      </Button>
    </div>
  )
}

function BindPart({ draft, onChange, wrong }: PartProps) {
  /** The base of the search is usually that of the account. */
  const suggestBase = () => {
    if (!draft.base_dn) onChange({ ...draft, base_dn: baseOf(draft.bind_dn) })
  }
  return (
    <>
      <ChoiceCards
        label={t('directory.bind')}
        value={draft.bind}
        onChange={(bind) => onChange({ ...draft, bind, bind_dn: bind === 'anonymous' ? '' : draft.bind_dn })}
        items={BIND_MODES.map((mode) => ({ value: mode, title: t(`directory.bind.${mode}`), note: t(`directory.bind_note.${mode}`) }))}
      />
      {draft.bind === 'anonymous' ? null : (
        <Field
          label={t(draft.bind === 'account' ? 'directory.bind_dn' : 'directory.bind_template')}
          hint={t(draft.bind === 'account' ? 'directory.bind_dn_hint' : 'directory.bind_template_hint', { place: LOGIN_PLACE })}
          placeholder={EXAMPLES[draft.bind]}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={draft.bind_dn}
          error={wrong('bind_dn')}
          onChange={(event) => onChange({ ...draft, bind_dn: event.target.value })}
          onBlur={suggestBase}
        />
      )}
      {draft.bind === 'account' ? (
        <div>
          <PasswordField
            label={t('directory.bind_password')}
            autoComplete="new-password"
            required={!draft.has_bind_password}
            placeholder={draft.has_bind_password ? t('directory.bind_password_kept') : undefined}
            value={draft.bind_password}
            error={wrong('bind_password')}
            onChange={(event) => onChange({ ...draft, bind_password: event.target.value })}
          />
          <p className="mt-1.5 text-[13px] text-ink-3">{t('directory.bind_password_hint')}</p>
        </div>
      ) : null}
    </>
  )
}

/** A refusal of a field that has no room for it of its own. */
export function Trouble({ text }: { text: string | undefined }) {
  return text ? (
    <p role="alert" className="-mt-3 text-[13px] text-danger">
      {text}
    </p>
  ) : null
}
