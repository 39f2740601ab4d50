import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Model, ModelChange } from '@/api/types'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

/** The body has every field; what is `null` stays as it is. */
const NOTHING: ModelChange = { title: null, pinned: null, suitable_for_auto: null, accept_license: null, base_model: null }

/** Changes one thing about a model. */
export function useChange(model: Model, onSaved?: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: Partial<ModelChange>) =>
      api.patch('/api/admin/models/{id}', { path: { id: model.id }, body: { ...NOTHING, ...change } }),
    onSuccess: () => {
      toast.success(t('models.saved'))
      onSaved?.()
      return client.invalidateQueries({ queryKey: keys.models })
    },
    // A dialog shows its refusal beside the field; without one a notice has to do.
    onError: onSaved ? undefined : toast.error,
  })
}
