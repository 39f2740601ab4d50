import type { GroupRule } from '@/api/contract'
import type { Directory, DirectoryAttributes, DirectoryInput, DirectoryKind, DirectorySecurity } from '@/api/directory-queries'
import { areWhole } from '@/components/group-rules'

export const KINDS: readonly DirectoryKind[] = ['active_directory', 'openldap', 'other']
export const SECURITIES: readonly DirectorySecurity[] = ['ldaps', 'start_tls', 'plain']
/** Where what a person types stands in a name or a filter. */
export const LOGIN_PLACE = '{login}'

/** Who the directory is searched as: a service account, the person who signs in, or nobody. */
export type BindMode = 'account' | 'person' | 'anonymous'
export const BIND_MODES: readonly BindMode[] = ['account', 'person', 'anonymous']

/** A directory as it stands in the form: every figure and list a text. */
export type Draft = {
  name: string
  kind: DirectoryKind
  urls: string[]
  security: DirectorySecurity
  allow_plain: boolean
  ca_pem: string
  bind: BindMode
  bind_dn: string
  bind_password: string
  has_bind_password: boolean
  base_dn: string
  user_filter: string
  login_attributes: string
  attributes: DirectoryAttributes
  group_base_dn: string
  group_filter: string
  nested_groups: boolean
  page_size: string
  refresh_minutes: string
  group_map: GroupRule[]
}

type Preset = Pick<Draft, 'user_filter' | 'login_attributes' | 'attributes' | 'group_filter' | 'nested_groups'>

/** What servers of a kind usually have. */
export const PRESETS: Record<DirectoryKind, Preset> = {
  active_directory: {
    user_filter: '(&(objectCategory=person)(objectClass=user))',
    login_attributes: 'userPrincipalName, sAMAccountName, mail',
    attributes: { subject: 'objectGUID', email: 'mail', display_name: 'displayName', member_of: 'memberOf' },
    group_filter: '(objectClass=group)',
    nested_groups: true,
  },
  openldap: {
    user_filter: '(objectClass=inetOrgPerson)',
    login_attributes: 'uid, mail',
    attributes: { subject: 'entryUUID', email: 'mail', display_name: 'cn', member_of: '' },
    group_filter: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))',
    nested_groups: false,
  },
  other: {
    user_filter: '(objectClass=person)',
    login_attributes: 'uid, mail',
    attributes: { subject: 'entryUUID', email: 'mail', display_name: 'cn', member_of: 'memberOf' },
    group_filter: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))',
    nested_groups: false,
  },
}

export const emptyDraft = (kind: DirectoryKind = 'active_directory'): Draft => ({
  name: '',
  kind,
  urls: [''],
  security: 'ldaps',
  allow_plain: false,
  ca_pem: '',
  bind: 'account',
  bind_dn: '',
  bind_password: '',
  has_bind_password: false,
  base_dn: '',
  group_base_dn: '',
  page_size: '500',
  refresh_minutes: '60',
  group_map: [],
  ...PRESETS[kind],
})

const bindOf = (dn: string | null): BindMode => {
  if (!dn) return 'anonymous'
  return dn.includes(LOGIN_PLACE) ? 'person' : 'account'
}

export const draftOf = (directory: Directory): Draft => ({
  name: directory.name,
  kind: directory.kind,
  urls: directory.urls.length > 0 ? directory.urls : [''],
  security: directory.security,
  allow_plain: directory.allow_plain,
  ca_pem: directory.ca_pem ?? '',
  bind: bindOf(directory.bind_dn),
  bind_dn: directory.bind_dn ?? '',
  bind_password: '',
  has_bind_password: directory.has_bind_password,
  base_dn: directory.base_dn,
  user_filter: directory.user_filter,
  login_attributes: directory.login_attributes.join(', '),
  attributes: { ...directory.attributes, member_of: directory.attributes.member_of ?? '' },
  group_base_dn: directory.group_base_dn ?? '',
  group_filter: directory.group_filter,
  nested_groups: directory.nested_groups,
  page_size: String(directory.page_size),
  refresh_minutes: String(directory.refresh_minutes),
  group_map: directory.group_map,
})

/** Another kind brings its own customs, except where something else was entered. */
export function withKind(draft: Draft, kind: DirectoryKind): Draft {
  const [from, to] = [PRESETS[draft.kind], PRESETS[kind]]
  const next: Draft = { ...draft, kind }
  if (draft.user_filter === from.user_filter) next.user_filter = to.user_filter
  if (draft.login_attributes === from.login_attributes) next.login_attributes = to.login_attributes
  if (draft.group_filter === from.group_filter) next.group_filter = to.group_filter
  if (draft.nested_groups === from.nested_groups) next.nested_groups = to.nested_groups
  if (JSON.stringify(draft.attributes) === JSON.stringify(from.attributes)) next.attributes = to.attributes
  return next
}

/** The addresses follow the way of encryption: their scheme, and the usual port where one was written down. */
export function withSecurity(draft: Draft, security: DirectorySecurity): Draft {
  const tls = security === 'ldaps'
  const follow = (url: string) => {
    const [, rest] = /^ldaps?:\/\/(.*)$/i.exec(url.trim()) ?? []
    if (rest === undefined) return url
    return `${tls ? 'ldaps' : 'ldap'}://${rest.replace(tls ? /:389$/ : /:636$/, tls ? ':636' : ':389')}`
  }
  return { ...draft, security, allow_plain: security === 'plain' && draft.allow_plain, urls: draft.urls.map(follow) }
}

/** The base below which everything lies, read from a name in it: `dc=example,dc=org` of `cn=reader,ou=services,dc=example,dc=org`. */
export function baseOf(name: string): string {
  const parts = name.split(',').map((part) => part.trim())
  const first = parts.findIndex((part) => /^dc=/i.test(part))
  if (first >= 0) return parts.slice(first).join(',')
  const [, domain] = /^[^@\s]+@([\w.-]+)$/.exec(name.trim()) ?? []
  return domain
    ? domain
        .split('.')
        .map((label) => `dc=${label}`)
        .join(',')
    : ''
}

const said = (text: string) => text.trim() || null
const listed = (text: string) => text.split(',').flatMap((part) => part.trim() || [])

/** What is sent. A password that was not typed is left out, so that the one that is there stays. */
export const toInput = (draft: Draft, enabled: boolean): DirectoryInput => ({
  name: draft.name.trim(),
  enabled,
  kind: draft.kind,
  urls: draft.urls.flatMap((url) => url.trim() || []),
  security: draft.security,
  allow_plain: draft.security === 'plain' && draft.allow_plain,
  ca_pem: said(draft.ca_pem),
  bind_dn: draft.bind === 'anonymous' ? null : said(draft.bind_dn),
  ...(draft.bind === 'account' && draft.bind_password ? { bind_password: draft.bind_password } : {}),
  base_dn: draft.base_dn.trim(),
  user_filter: draft.user_filter.trim(),
  login_attributes: listed(draft.login_attributes),
  attributes: draft.attributes,
  group_base_dn: said(draft.group_base_dn),
  group_filter: draft.group_filter.trim(),
  nested_groups: draft.nested_groups,
  page_size: Number(draft.page_size),
  group_map: draft.group_map.map((rule) => ({ ...rule, group: rule.group.trim() })),
  refresh_minutes: Number(draft.refresh_minutes),
})

/** The parts of the form, in the order of the wizard. */
export const PARTS = ['kind', 'connection', 'bind', 'search', 'groups'] as const
export type Part = (typeof PARTS)[number]

/** Which part of the form a field of the wire stands in. */
const FIELDS: Record<Part, readonly string[]> = {
  kind: ['name', 'kind'],
  connection: ['urls', 'security', 'allow_plain', 'ca_pem'],
  bind: ['bind_dn', 'bind_password'],
  search: ['base_dn', 'user_filter', 'login_attributes', 'attributes', 'page_size', 'refresh_minutes'],
  groups: ['group_base_dn', 'group_filter', 'nested_groups', 'group_map'],
}
export const partOf = (field: string): Part | undefined =>
  PARTS.find((part) => FIELDS[part].some((name) => field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`)))

const isAddress = (url: string) => /^ldaps?:\/\/[^/\s]+\/?$/i.test(url.trim())

/** Whether a part says enough to go on; the node checks again. */
export function isDone(part: Part, draft: Draft): boolean {
  switch (part) {
    case 'kind':
      return draft.name.trim() !== ''
    case 'connection': {
      const urls = draft.urls.filter((url) => url.trim() !== '')
      return urls.length > 0 && urls.every(isAddress) && (draft.security !== 'plain' || draft.allow_plain)
    }
    case 'bind':
      if (draft.bind === 'anonymous') return true
      if (draft.bind === 'person') return draft.bind_dn.includes(LOGIN_PLACE)
      return draft.bind_dn.trim() !== '' && (draft.bind_password !== '' || draft.has_bind_password)
    case 'search':
      return draft.base_dn.trim() !== '' && draft.user_filter.trim() !== '' && listed(draft.login_attributes).length > 0
    case 'groups':
      return areWhole(draft.group_map)
  }
}
