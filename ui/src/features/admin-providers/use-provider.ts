import { useQueryClient } from '@tanstack/react-query'
import { keys } from '@/api/queries'
import type { ProviderChange } from '@/api/types'

/** A change of nothing: what is left out stays. */
export const unchanged: ProviderChange = {}

/** Reads again what a change of a provider may have changed. */
export function useReread() {
  const client = useQueryClient()
  return () => Promise.all([keys.providers, keys.egress, keys.models].map((queryKey) => client.invalidateQueries({ queryKey })))
}
