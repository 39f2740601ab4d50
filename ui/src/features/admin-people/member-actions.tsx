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

export type MemberAction = 'reset' | 'reset-factors' | 'end-sessions' | 'grant-platform' | 'revoke-platform' | 'disable' | 'remove'

/** Does one action on a person; a new temporary password comes back. */
async function act(action: MemberAction, id: string): Promise<string | null> {
  const path = { id }
  switch (action) {
    case 'reset':
      return (await api.post('/api/admin/people/{id}/reset-password', { path })).temporary_password
    case 'reset-factors':
      await api.post('/api/admin/people/{id}/reset-second-factors', { path })
      return null
    case 'end-sessions':
      await api.post('/api/admin/people/{id}/end-sessions', { path })
      return null
    case 'grant-platform':
      await api.put('/api/admin/people/{id}/platform-administrator', { path })
      return null
    case 'revoke-platform':
      await api.delete('/api/admin/people/{id}/platform-administrator', { path })
      return null
    case 'disable':
      await api.patch('/api/admin/people/{id}', { path, body: { disabled: true } })
      return null
    case 'remove':
      await api.delete('/api/admin/people/{id}', { path })
      return null
  }
}

/** Title, text, the button's word and what is said afterwards. */
function wordsFor(
  action: MemberAction,
  { display_name: name, source }: Member,
  organisation: string,
): readonly [string, string, string, string] {
  switch (action) {
    case 'reset':
      return [t('people.reset_confirm_title', { name }), t('people.reset_confirm_text', { name }), t('people.reset'), '']
    case 'reset-factors':
      return [
        t('people.reset_factors_title', { name }),
        t('people.reset_factors_text', { name }),
        t('people.reset_factors_short'),
        t('people.reset_factors_done', { name }),
      ]
    case 'end-sessions':
      return [
        t('people.end_sessions_title', { name }),
        t('people.end_sessions_text', { name }),
        t('people.end_sessions'),
        t('people.end_sessions_done', { name }),
      ]
    case 'grant-platform':
      return [
        t('people.grant_platform_title', { name }),
        t('people.grant_platform_text', { name }),
        t('people.grant_platform_short'),
        t('people.grant_platform_done', { name }),
      ]
    case 'revoke-platform':
      return [
        t('people.revoke_platform_title', { name }),
        t('people.revoke_platform_text', { name }),
        t('people.revoke_platform_short'),
        t('people.revoke_platform_done', { name }),
      ]
    case 'disable':
      return [
        t('people.disable_title', { name }),
        t('people.disable_text', { name }),
        t('people.disable'),
        t('people.disabled_done', { name }),
      ]
    case 'remove':
      return [
        t('people.remove_title', { name, organisation }),
        source ? t('people.remove_text_source', { name }) : t('people.remove_text', { name }),
        t('people.remove'),
        t('people.removed_done', { name }),
      ]
  }
}

/** Asks before an action on a person, does it, and shows a new temporary password once. */
export function MemberActions({ action, member, onClose }: { action: MemberAction; member: Member; onClose: () => void }) {
  const { organisation } = useSession()
  const client = useQueryClient()
  const [password, setPassword] = useState<string | null>(null)
  const name = member.display_name
  const [title, text, confirm, done] = wordsFor(action, member, organisation.name)
  const run = useMutation({
    mutationFn: () => act(action, member.id),
    onSuccess: (temporary) => {
      void client.invalidateQueries({ queryKey: keys.people })
      if (temporary) return setPassword(temporary)
      toast.success(done)
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
