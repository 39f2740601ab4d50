import { useMutation, useQueryClient } from '@tanstack/react-query'
import { signInKey } from '@/api/account-queries'
import { api } from '@/api/client'
import { type Directory, type DirectoryInput, directoryKeys, directoryQueries } from '@/api/directory-queries'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'

/** Makes a directory, or changes one that is there. */
export function useSaveDirectory() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, input }: { id: string | undefined; input: DirectoryInput }) =>
      id ? api.patch('/api/admin/directories/{id}', { path: { id }, body: input }) : api.post('/api/admin/directories', { body: input }),
    onSuccess: (saved) => keep(client, saved),
  })
}

/** Lets people in by a directory, or no longer. */
export function useEnableDirectory(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (enabled: boolean) => api.patch('/api/admin/directories/{id}', { path: { id }, body: { enabled } }),
    onSuccess: (saved) => keep(client, saved),
  })
}

function keep(client: ReturnType<typeof useQueryClient>, saved: Directory) {
  client.setQueryData(directoryQueries.one(saved.id).queryKey, saved)
  return Promise.all([
    client.invalidateQueries({ queryKey: directoryKeys.all }),
    client.invalidateQueries({ queryKey: keys.people }),
    client.invalidateQueries({ queryKey: signInKey }),
  ])
}

/** The refusal of one field, if that is what an error is about. */
export const wrongIn = (error: unknown) => (field: string) => (isApiError(error) ? error.field(field) : undefined)
