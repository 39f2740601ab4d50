import '@/lib/i18n/en/grants'
import { optional, t } from '@/lib/i18n'

/** Groups of permissions that a key or an application can be narrowed to. Single permissions work too, by their names. */
export const SCOPES = ['read', 'chat', 'models', 'manage'] as const
export type Scope = (typeof SCOPES)[number]

/** A scope in two or three words; a single permission keeps its name. */
export const scopeName = (scope: string): string => optional(`grants.scope.${scope}`) ?? scope

/** Scopes in one line, for a table. */
export const scopeLine = (scopes: readonly string[] | null | undefined): string =>
  scopes && scopes.length > 0 ? scopes.map(scopeName).join(', ') : t('grants.scope_all')

/** The scopes to choose from, each with what it lets a program do. */
export const scopeItems = (scopes: readonly Scope[] = SCOPES) =>
  scopes.map((value) => ({ value, title: t(`grants.scope.${value}`), note: t(`grants.scope_note.${value}`) }))
