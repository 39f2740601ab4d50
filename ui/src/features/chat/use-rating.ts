import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Message, Rating, RatingInput } from '@/api/types'
import { toast } from '@/components/toast'

/** The thumb of an answer: what is chosen shows at once, and until the conversation has been read again. */
export function useRating(ve: string, message: Message): [rating: Rating | null, rate: (input: RatingInput | null) => void] {
  const client = useQueryClient()
  const path = { id: ve, message: message.id }
  const { mutate, isPending, variables } = useMutation({
    mutationFn: async (input: RatingInput | null) => {
      if (input) await api.post('/api/ves/{id}/messages/{message}/rating', { path, body: input })
      else await api.delete('/api/ves/{id}/messages/{message}/rating', { path })
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.ratings })
      return client.invalidateQueries({ queryKey: keys.ve(ve) })
    },
    onError: toast.error,
  })
  if (!isPending || variables === undefined) return [message.rating, mutate]
  const chosen = variables && { verdict: variables.verdict, reason: variables.reason ?? '', rated_at: new Date().toISOString() }
  return [chosen, mutate]
}
