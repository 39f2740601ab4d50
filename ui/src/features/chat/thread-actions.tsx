import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { Conversation } from '@/api/types'
import { Button } from '@/components/button'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

const TITLE_CHARACTERS_MAX = 120

/** Gives a conversation another title. */
export function RenameThread({ thread, onClose }: { thread: Conversation; onClose: () => void }) {
  const client = useQueryClient()
  const [title, setTitle] = useState(thread.title)
  const rename = useMutation({
    mutationFn: () =>
      api.patch('/api/ves/{id}/conversations/{conversation}', {
        path: { id: thread.ve_id, conversation: thread.id },
        body: { title: title.trim() },
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.conversations(thread.ve_id) })
      void client.invalidateQueries({ queryKey: keys.overview })
      onClose()
    },
  })
  const fieldError = isApiError(rename.error) ? rename.error.field('title') : undefined
  return (
    <Dialog open onClose={onClose} title={t('chat.rename_title')} size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (title.trim()) rename.mutate()
        }}
      >
        <Field
          label={t('chat.rename_field')}
          value={title}
          maxLength={TITLE_CHARACTERS_MAX}
          error={fieldError}
          autoFocus
          onChange={(event) => setTitle(event.target.value)}
        />
        <div className="mt-4">
          <FormError error={rename.error} fields={['title']} />
        </div>
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={!title.trim() || rename.isPending}>
            {t('action.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

/** Deletes a conversation after asking; the open one makes way for a new one. */
export function DeleteThread({ thread, isOpen, onClose }: { thread: Conversation; isOpen: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/ves/{id}/conversations/{conversation}', { path: { id: thread.ve_id, conversation: thread.id } }),
    onSuccess: async () => {
      onClose()
      toast.success(t('chat.deleted'))
      if (isOpen) await navigate({ to: '/chat/$ve/$conversation', params: { ve: thread.ve_id, conversation: 'new' }, replace: true })
      client.removeQueries({ queryKey: keys.messages(thread.ve_id, thread.id) })
      void client.invalidateQueries({ queryKey: keys.ve(thread.ve_id) })
      void client.invalidateQueries({ queryKey: keys.overview })
    },
    onError: (error) => {
      onClose()
      toast.error(error)
    },
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('chat.delete_title')}
      confirm={t('chat.delete')}
      busy={remove.isPending}
    >
      {t('chat.delete_text', { title: thread.title })}
    </ConfirmDialog>
  )
}
