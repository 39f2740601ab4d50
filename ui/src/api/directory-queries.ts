import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'
import type { components } from './schema'

type Schemas = components['schemas']

export type Directory = Schemas['Directory']
export type DirectoryKind = Schemas['DirectoryKind']
export type DirectorySecurity = Schemas['DirectorySecurity']
export type DirectoryAttributes = Required<Schemas['DirectoryAttributes']>
/** What an administrator says about a directory. The password goes in and never comes out; left out, the one that is there stays. */
export type DirectoryInput = Omit<Directory, 'id' | 'has_bind_password' | 'last_refresh' | 'created_at' | 'updated_at'> & {
  bind_password?: string
}
/** What a directory or provider says of people and the node does not take over. */
export type SourceRefusals = Schemas['Page_SourceRefusal']
export type LastRefresh = Schemas['DirectoryRefresh']
/** Settings that are not saved yet, or the `id` of a directory whose password the node knows; both together test changed settings with the kept password. */
export type DirectoryTestInput = Schemas['DirectoryTrial']
export type DryRun = Schemas['DirectoryDryRun']
export type DryRunPerson = Schemas['DryRunPerson']
export type DryRunChange = Schemas['DryRunChange']

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
      queryFn: ({ signal }) => api.get('/api/admin/directories', { signal }),
      refetchInterval: ({ state }) => (state.data?.items.some((item) => isRefreshing(item.last_refresh)) ? RUNNING_POLL_MS : false),
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: directoryKeys.one(id),
      queryFn: ({ signal }) => api.get('/api/admin/directories/{id}', { signal, path: { id } }),
      refetchInterval: ({ state }) => (isRefreshing(state.data?.last_refresh) ? RUNNING_POLL_MS : false),
    }),
  /** What it says of people and the node does not take over. */
  refusals: (id: string) =>
    queryOptions({
      queryKey: [...directoryKeys.one(id), 'refusals'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/directories/{id}/refusals', { signal, path: { id } }),
    }),
}
