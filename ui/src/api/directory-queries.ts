import { queryOptions } from '@tanstack/react-query'
import { clientFor } from './client'
import type { GroupRule, List, Operation, TestStep } from './contract'
import { keys } from './queries'

export type DirectoryKind = 'active_directory' | 'openldap' | 'other'
export type DirectorySecurity = 'ldaps' | 'start_tls' | 'plain'
export type DirectoryAttributes = { subject: string; email: string; display_name: string; member_of: string }

/** What an administrator says about a directory. */
export type DirectorySettings = {
  name: string
  enabled: boolean
  kind: DirectoryKind
  /** Tried in this order. */
  urls: string[]
  security: DirectorySecurity
  allow_plain: boolean
  ca_pem: string | null
  bind_dn: string | null
  base_dn: string
  user_filter: string
  login_attributes: string[]
  attributes: DirectoryAttributes
  group_base_dn: string | null
  group_filter: string
  nested_groups: boolean
  page_size: number
  group_map: GroupRule[]
  refresh_minutes: number
}
/** The password goes in and never comes out; left out, the one that is there stays. */
export type DirectoryInput = DirectorySettings & { bind_password?: string }
export type DirectoryChange = Partial<DirectoryInput>
/** `doubtful`: the answer was too thin to be believed, so nothing was changed. `skipped`: nobody can be asked about. */
export type RefreshState = 'running' | 'ok' | 'failed' | 'doubtful' | 'skipped'
/** `people`: how many the directory holds. */
export type LastRefresh = { at: string; state: RefreshState; message: string | null; people: number | null }
export type Directory = DirectorySettings & { id: string; has_bind_password: boolean; last_refresh: LastRefresh | null }

/** Settings that are not saved yet, or the `id` of a directory whose password the node knows; both together test changed settings with the kept password. */
export type DirectoryTestInput = DirectoryChange & { id?: string; login?: string; password?: string }
export type DirectoryTest = { ok: boolean; steps: TestStep[] }

export type DryRunChange = 'create' | 'update' | 'withdraw' | 'none' | 'refused'
export type DryRunPerson = {
  login: string
  email: string
  display_name: string
  groups: string[]
  grants: { organisation: string; role: string }[]
  change: DryRunChange
  reason: string | null
}
export type DryRun = { people: DryRunPerson[]; truncated: boolean }

export type DirectoryPaths = {
  '/api/admin/directories': { get: Operation<List<Directory>>; post: Operation<Directory, DirectoryInput> }
  '/api/admin/directories/{id}': { get: Operation<Directory>; patch: Operation<Directory, DirectoryChange>; delete: Operation<undefined> }
  '/api/admin/directories/test': { post: Operation<DirectoryTest, DirectoryTestInput> }
  '/api/admin/directories/{id}/dry-run': { post: Operation<DryRun, { limit?: number }> }
  '/api/admin/directories/{id}/refresh': { post: Operation<unknown> }
}
export const directoryApi = clientFor<DirectoryPaths>()

export const directoryKeys = {
  all: keys.directories,
  one: (id: string) => [...keys.directories, 'one', id] as const,
}

const RUNNING_POLL_MS = 2_000
/** Whether a refresh is going on right now. */
export const isRefreshing = (refresh: LastRefresh | null | undefined) => refresh?.state === 'running'
/** Whether the last refresh ended badly, so that nothing was changed. */
export const hasFailed = (refresh: LastRefresh | null | undefined) => refresh?.state === 'failed' || refresh?.state === 'doubtful'

/** Reads about the directories people sign in from. While one is being refreshed they are read again and again. */
export const directoryQueries = {
  list: () =>
    queryOptions({
      queryKey: [...directoryKeys.all, 'list'] as const,
      queryFn: ({ signal }) => directoryApi.get('/api/admin/directories', { signal }),
      refetchInterval: ({ state }) => (state.data?.items.some((item) => isRefreshing(item.last_refresh)) ? RUNNING_POLL_MS : false),
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: directoryKeys.one(id),
      queryFn: ({ signal }) => directoryApi.get('/api/admin/directories/{id}', { signal, path: { id } }),
      refetchInterval: ({ state }) => (isRefreshing(state.data?.last_refresh) ? RUNNING_POLL_MS : false),
    }),
}
