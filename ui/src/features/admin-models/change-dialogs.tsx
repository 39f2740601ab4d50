import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { queries } from '@/api/queries'
import type { Model } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select } from '@/components/field'
import { t } from '@/lib/i18n'
import { useChange } from './use-change'

type Props = { model: Model; onClose: () => void }

/** Another title for a model; its name stays, because API callers send it. */
export function RenameDialog({ model, onClose }: Props) {
  const [title, setTitle] = useState(model.title)
  const change = useChange(model, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ title: title.trim() })
  }
  return (
    <Dialog open onClose={onClose} title={t('models.rename_title', { model: model.title })} size="sm">
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t('models.rename_field')}
          hint={t('models.rename_hint', { name: model.name })}
          value={title}
          required
          maxLength={120}
          onChange={(event) => setTitle(event.target.value)}
        />
        <FormError error={change.error} />
        <Actions onClose={onClose} busy={change.isPending || title.trim() === ''} />
      </form>
    </Dialog>
  )
}

/** Which model an adapter changes. */
export function BaseDialog({ model, onClose }: Props) {
  const { data } = useQuery(queries.models())
  const [base, setBase] = useState(model.base_model ?? '')
  const change = useChange(model, onClose)
  const choices = data?.items.filter((item) => item.kind === 'generative' && !item.built_in) ?? []
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ base_model: base })
  }
  return (
    <Dialog open onClose={onClose} title={t('models.base_title', { model: model.title })} size="sm">
      <form onSubmit={submit} className="grid gap-4">
        <Select
          label={t('models.base')}
          hint={t(data && choices.length === 0 ? 'models.base_first' : 'models.base_hint')}
          value={base}
          onChange={setBase}
          items={[['', t('models.base_none')], ...choices.map((item) => [item.name, item.title] as const)]}
        />
        <FormError error={change.error} />
        <Actions onClose={onClose} busy={change.isPending || base === (model.base_model ?? '')} />
      </form>
    </Dialog>
  )
}

const Actions = ({ onClose, busy }: { onClose: () => void; busy: boolean }) => (
  <DialogActions>
    <Button kind="outline" onClick={onClose}>
      {t('action.cancel')}
    </Button>
    <Button type="submit" disabled={busy}>
      {t('models.save')}
    </Button>
  </DialogActions>
)
