import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { type OrganisationRole, roleKeys } from '@/api/role-queries'
import { Button } from '@/components/button'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

/** Asks before a role goes. While somebody has it, it says what to do first. */
export function DeleteRole({ role, onClose }: { role: OrganisationRole; onClose: () => void }) {
  const client = useQueryClient()
  const name = role.title
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/roles/{id}', { path: { id: role.id } }),
    onSuccess: () => {
      toast.success(t('roles.deleted', { name }))
      return client.invalidateQueries({ queryKey: roleKeys.roles })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  const title = t('roles.delete_title', { name })
  if (role.members > 0) {
    return (
      <Dialog open onClose={onClose} size="sm" title={title} lead={t('roles.in_use', { count: role.members })}>
        <DialogActions>
          <Button kind="outline" onClick={onClose} data-autofocus>
            {t('action.close')}
          </Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={title}
      confirm={t('roles.delete')}
      busy={remove.isPending}
    >
      {t('roles.delete_text')}
    </ConfirmDialog>
  )
}
