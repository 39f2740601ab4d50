import type { NewApiKey } from '@/api/token-queries'

export const LIFETIMES = ['30', '90', '365', 'never'] as const
export type Lifetime = (typeof LIFETIMES)[number]

/** A key as it stands in the form. `scopes` and `ves` are `null` while they narrow nothing. */
export type KeyDraft = { name: string; lifetime: Lifetime; scopes: string[] | null; ves: string[] | null }

export const emptyKey = (): KeyDraft => ({ name: '', lifetime: '90', scopes: null, ves: null })

/** Whether the draft says enough: narrowed to nothing, a key could do nothing. */
export const isWhole = (draft: KeyDraft): boolean => draft.name.trim() !== '' && draft.scopes?.length !== 0 && draft.ves?.length !== 0

/** What is sent; left out is what is not narrowed and what does not end. */
export const toNewKey = ({ name, lifetime, scopes, ves }: KeyDraft): NewApiKey => ({
  name: name.trim(),
  ...(lifetime === 'never' ? {} : { expires_in_days: Number(lifetime) }),
  ...(scopes ? { scopes } : {}),
  ...(ves ? { ves } : {}),
})
