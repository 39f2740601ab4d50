import { useMutation, useQueryClient } from '@tanstack/react-query'
import { signInKey } from '@/api/account-queries'
import { api } from '@/api/client'
import {
  type IdentityProvider,
  type IdentityProviderInput,
  identityProviderKeys,
  identityProviderQueries,
} from '@/api/identity-provider-queries'

/** Makes an identity provider, or changes one that is there. */
export function useSaveProvider() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, input: { kind, ...change } }: { id: string | undefined; input: IdentityProviderInput }) =>
      id
        ? api.patch('/api/admin/identity-providers/{id}', { path: { id }, body: change })
        : api.post('/api/admin/identity-providers', { body: { kind, ...change } }),
    onSuccess: (saved) => keep(client, saved),
  })
}

/** Shows the button of a provider on the sign-in page, or no longer. */
export function useEnableProvider(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (enabled: boolean) => api.patch('/api/admin/identity-providers/{id}', { path: { id }, body: { enabled } }),
    onSuccess: (saved) => keep(client, saved),
  })
}

function keep(client: ReturnType<typeof useQueryClient>, saved: IdentityProvider) {
  client.setQueryData(identityProviderQueries.one(saved.id).queryKey, saved)
  return Promise.all([identityProviderKeys.all, signInKey].map((queryKey) => client.invalidateQueries({ queryKey })))
}
