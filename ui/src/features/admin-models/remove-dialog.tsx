import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { modelQueries } from '@/api/model-queries'
import { keys } from '@/api/queries'
import type { Model } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Bone } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'

/** Says who loses a model before it is removed. */
export function RemoveDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: (force: boolean) => api.delete('/api/admin/models/{id}', { path: { id: model.id }, query: { force } }),
    onSuccess: () => {
      toast.success(t('models.removed', { model: model.title }))
      onClose()
      return Promise.all([client.invalidateQueries({ queryKey: keys.models }), client.invalidateQueries({ queryKey: keys.node })])
    },
  })
  // Not asked again while the model goes: what is gone is used by nobody.
  const { data: users, error, refetch } = useQuery({ ...modelQueries.users(model.id), enabled: remove.isIdle || remove.isError })
  const others = users ? users.employees - users.mine.length : 0
  return (
    <Dialog
      open
      onClose={onClose}
      size="sm"
      title={t('models.remove_title', { model: model.title })}
      lead={t('models.remove_text', { size: formatBytes(model.size_bytes) })}
    >
      {error && !users ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {users || error ? null : <Bone className="h-5 w-3/5" />}
      {users ? (
        <div className="grid gap-2 text-[14px]">
          <p>{users.employees === 0 ? t('models.remove_unused') : t('models.remove_used', { count: users.employees })}</p>
          <ul className="flex flex-wrap gap-2 empty:hidden">
            {users.mine.map((user) => (
              <li key={user.ve_id} className="rounded-full bg-surface-2 px-3 py-1 text-[13px] font-medium">
                {user.persona_name}
              </li>
            ))}
            {others > 0 ? <li className="px-1 py-1 text-[13px] text-ink-2">{t('models.remove_others', { count: others })}</li> : null}
          </ul>
          {users.aliases.length > 0 ? (
            <p className="text-ink-2">{t('models.remove_aliases', { names: users.aliases.join(', ') })}</p>
          ) : null}
        </div>
      ) : null}
      {remove.error ? (
        <div className="mt-4">
          <FormError error={remove.error} />
        </div>
      ) : null}
      <DialogActions>
        <Button kind="outline" onClick={onClose} data-autofocus>
          {t('action.cancel')}
        </Button>
        <Button kind="danger" disabled={!users || remove.isPending} onClick={() => remove.mutate((users?.employees ?? 0) > 0)}>
          {t('models.remove')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
