import { useMutation, useQueryClient } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { UpdateVe, Ve } from '@/api/types'
import { Button } from '@/components/button'
import { DATA_CLASSES, dataClassName } from '@/components/data-class'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select } from '@/components/field'
import { ModelPicker } from '@/components/model-choice'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'

export type Action = 'rename' | 'model' | 'secrecy' | 'dismiss'
type ActionProps = { employee: Ve; onClose: () => void }

const NAME_CHARACTERS_MAX = 60

/** The dialog of one action on one employee. */
export function EmployeeActions({ action, ...props }: ActionProps & { action: Action }) {
  if (action === 'rename') return <Rename {...props} />
  if (action === 'model') return <ChangeModel {...props} />
  if (action === 'secrecy') return <ChangeSecrecy {...props} />
  return <Dismiss {...props} />
}

/** What a changed employee leaves stale. */
function useRefresh() {
  const client = useQueryClient()
  return () => {
    for (const queryKey of [keys.ves, keys.overview, keys.agents]) void client.invalidateQueries({ queryKey })
  }
}

function useUpdate(employee: Ve, onDone: (changed: Ve) => void) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: UpdateVe) => api.patch('/api/ves/{id}', { path: { id: employee.id }, body }),
    onSuccess: (changed) => {
      refresh()
      onDone(changed)
    },
  })
}

function Rename({ employee, onClose }: ActionProps) {
  const [name, setName] = useState(employee.persona_name)
  const update = useUpdate(employee, (changed) => {
    toast.success(t('team.renamed', { name: changed.persona_name }))
    onClose()
  })
  const error = isApiError(update.error) ? update.error.field('persona_name') : undefined
  return (
    <Dialog open onClose={onClose} title={t('team.rename_title', { name: employee.persona_name })} size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim()) update.mutate({ persona_name: name.trim() })
        }}
      >
        <Field
          label={t('team.rename_field')}
          hint={t('team.rename_hint')}
          error={error}
          value={name}
          maxLength={NAME_CHARACTERS_MAX}
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <div className="mt-4">
          <FormError error={update.error} fields={['persona_name']} />
        </div>
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={!name.trim() || update.isPending}>
            {t('action.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function ChangeModel({ employee, onClose }: ActionProps) {
  const [model, setModel] = useState(employee.model)
  const update = useUpdate(employee, (changed) => {
    toast.success(t('team.model_changed', { name: changed.persona_name }))
    onClose()
  })
  return (
    <Dialog open onClose={onClose} title={t('team.model_title', { name: employee.persona_name })} lead={t('team.model_lead')}>
      {misses(employee) ? (
        <p className="mb-4 flex items-start gap-2 rounded-[14px] bg-warn/13 px-3.5 py-3 text-[13.5px] text-warn">
          <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
          {sentence(employee.answering.reason)}
        </p>
      ) : null}
      <ModelPicker value={model} onChange={setModel} />
      <div className="mt-4">
        <FormError error={update.error} />
      </div>
      <DialogActions>
        <Button kind="outline" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={model === employee.model || update.isPending} onClick={() => update.mutate({ model })}>
          {t('action.save')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

/** Whether what was chosen for it cannot answer now, so that it quotes instead. */
const misses = ({ model, answering }: Ve) => model !== 'auto' && model !== 'extractive' && answering.mode === 'extractive'

function ChangeSecrecy({ employee, onClose }: ActionProps) {
  const [chosen, choose] = useState(employee.data_class)
  const name = employee.persona_name
  const update = useUpdate(employee, (changed) => {
    toast.success(t('team.secrecy_changed', { name, class: dataClassName(changed.data_class).toLowerCase() }))
    onClose()
  })
  return (
    <Dialog open onClose={onClose} title={t('team.secrecy_title', { name })} lead={t('team.secrecy_lead')} size="sm">
      <Select
        label={t('team.secrecy_field')}
        value={chosen}
        onChange={choose}
        items={DATA_CLASSES.map((item) => [item, dataClassName(item)] as const)}
      />
      <div className="mt-4">
        <FormError error={update.error} />
      </div>
      <DialogActions>
        <Button kind="outline" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={chosen === employee.data_class || update.isPending} onClick={() => update.mutate({ data_class: chosen })}>
          {t('action.save')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

function Dismiss({ employee, onClose }: ActionProps) {
  const refresh = useRefresh()
  const name = employee.persona_name
  const dismiss = useMutation({
    mutationFn: () => api.delete('/api/ves/{id}', { path: { id: employee.id } }),
    onSuccess: () => {
      refresh()
      toast.success(t('team.dismissed', { name }))
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => dismiss.mutate()}
      title={t('team.dismiss_title', { name })}
      confirm={t('team.dismiss')}
      busy={dismiss.isPending}
    >
      {t('team.dismiss_text', { name })}
    </ConfirmDialog>
  )
}

/** Takes somebody back. Nothing is asked first: dismissing undoes it. */
export function useRehire(employee: Ve) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: () => api.post('/api/ves/{id}/rehire', { path: { id: employee.id } }),
    onSuccess: (changed) => {
      refresh()
      toast.success(t('team.rehired', { name: changed.persona_name }))
    },
    onError: toast.error,
  })
}
