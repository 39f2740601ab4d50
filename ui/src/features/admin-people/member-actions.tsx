import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Member } from '@/api/types'
import { ConfirmDialog } from '@/components/dialog'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { TemporaryPassword } from './temporary-password'

export type MemberAction = 'reset' | 'disable' | 'remove'

/** Asks before an action on a person, does it, and shows a new temporary password once. */
export function MemberActions({ action, member, onClose }: { action: MemberAction; member: Member; onClose: () => void }) {
  const { organisation } = useSession()
  const client = useQueryClient()
  const [password, setPassword] = useState<string | null>(null)
  const name = member.display_name
  const path = { id: member.id }
  const run = useMutation({
    mutationFn: async () => {
      if (action === 'reset') return (await api.post('/api/admin/people/{id}/reset-password', { path })).temporary_password
      if (action === 'disable') await api.patch('/api/admin/people/{id}', { path, body: { disabled: true } })
      else await api.delete('/api/admin/people/{id}', { path })
      return null
    },
    onSuccess: (temporary) => {
      void client.invalidateQueries({ queryKey: keys.people })
      if (temporary) return setPassword(temporary)
      toast.success(action === 'disable' ? t('people.disabled_done', { name }) : t('people.removed_done', { name }))
      onClose()
    },
    onError: (error) => {
      toast.error(error)
      onClose()
    },
  })
  if (password) {
    return (
      <TemporaryPassword
        title={t('people.reset_title', { name })}
        lead={t('people.reset_lead', { name })}
        value={password}
        onClose={onClose}
      />
    )
  }
  const words = {
    reset: [t('people.reset_confirm_title', { name }), t('people.reset_confirm_text', { name }), t('people.reset')],
    disable: [t('people.disable_title', { name }), t('people.disable_text', { name }), t('people.disable')],
    remove: [t('people.remove_title', { name, organisation: organisation.name }), t('people.remove_text', { name }), t('people.remove')],
  } as const
  const [title, text, confirm] = words[action]
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => run.mutate()}
      title={title}
      confirm={confirm}
      busy={run.isPending}
      danger={action !== 'reset'}
    >
      {text}
    </ConfirmDialog>
  )
}
