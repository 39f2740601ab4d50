import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { PromptTemplate } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Textarea } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

/** Another name or description for a template. */
export function DescribeDialog({ template, onClose }: { template: PromptTemplate; onClose: () => void }) {
  const [name, setName] = useState(template.name)
  const [description, setDescription] = useState(template.description)
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () =>
      api.patch('/api/prompts/{id}', {
        path: { id: template.id },
        body: { revision: template.revision, name: name.trim(), description: description.trim() },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.prompts })
      toast.success(t('prompts.described'))
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('prompts.rename_title')} size="sm">
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('prompts.name')}
          required
          maxLength={80}
          value={name}
          error={isApiError(save.error) ? save.error.field('name') : undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <Textarea
          label={t('prompts.description')}
          rows={3}
          maxLength={500}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
        <FormError error={save.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || save.isPending}>
            {t('action.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
