import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { type OrganisationRole, type PermissionInfo, type RoleInput, roleKeys } from '@/api/role-queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { roleTitle } from '@/lib/role-title'
import { PermissionPicker } from './permission-picker'

export type RoleDraft = { kind: 'new'; role: null; permissions: string[] } | { kind: 'edit' | 'copy'; role: OrganisationRole }

const TITLE_LENGTH_MAX = 60
const DESCRIPTION_LENGTH_MAX = 200
const FIELDS = ['title', 'description', 'permissions']

function startOf(draft: RoleDraft): RoleInput {
  if (draft.kind === 'new') return { title: '', description: '', permissions: draft.permissions }
  const { kind, role } = draft
  const title = roleTitle(role.id, role.title)
  return {
    title: kind === 'copy' ? t('roles.copy_name', { name: title }).slice(0, TITLE_LENGTH_MAX) : title,
    description: role.description,
    permissions: role.permissions,
  }
}

function titleOf(draft: RoleDraft): string {
  if (draft.kind === 'new') return t('roles.dialog_new')
  const { kind, role } = draft
  const name = roleTitle(role.id, role.title)
  return kind === 'edit' ? t('roles.dialog_edit', { name }) : t('roles.dialog_copy', { name })
}

/** Makes a role, changes one, or makes one from another. */
export function RoleDialog({ draft, permissions, onClose }: { draft: RoleDraft; permissions: PermissionInfo[]; onClose: () => void }) {
  const [input, setInput] = useState(() => startOf(draft))
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (body: RoleInput) =>
      draft.kind === 'edit'
        ? api.patch('/api/admin/roles/{id}', { path: { id: draft.role.id }, body })
        : api.post('/api/admin/roles', { body }),
    onSuccess: (saved) => {
      toast.success(t('roles.saved', { name: saved.title }))
      onClose()
      return Promise.all([client.invalidateQueries({ queryKey: roleKeys.roles }), client.invalidateQueries({ queryKey: keys.people })])
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ ...input, title: input.title.trim(), description: input.description.trim() })
  }
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const affected = draft.kind === 'edit' ? draft.role.members : 0
  return (
    <Dialog
      open
      onClose={onClose}
      size="lg"
      title={titleOf(draft)}
      lead={affected > 0 ? t('roles.affects', { count: affected }) : undefined}
    >
      <form className="grid grid-cols-[minmax(0,1fr)] gap-5" onSubmit={submit}>
        <div className="grid gap-5 sm:grid-cols-2">
          <Field
            label={t('roles.name')}
            required
            maxLength={TITLE_LENGTH_MAX}
            value={input.title}
            error={wrong('title')}
            onChange={(event) => setInput((now) => ({ ...now, title: event.target.value }))}
          />
          <Field
            label={t('roles.description')}
            hint={t('roles.description_hint')}
            maxLength={DESCRIPTION_LENGTH_MAX}
            value={input.description}
            error={wrong('description')}
            onChange={(event) => setInput((now) => ({ ...now, description: event.target.value }))}
          />
        </div>
        <PermissionPicker
          permissions={permissions}
          chosen={input.permissions}
          onChange={(chosen) => setInput((now) => ({ ...now, permissions: chosen }))}
        />
        <FormError error={save.error} fields={FIELDS} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={input.title.trim() === '' || save.isPending}>
            {draft.kind === 'edit' ? t('action.save') : t('roles.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
