import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { AppliesTo, DataClass, KeepWithin, Ve } from '@/api/types'
import { Button } from '@/components/button'
import { DATA_CLASSES, dataClassName } from '@/components/data-class'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Segmented, Select } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

const SUBJECTS: readonly AppliesTo['kind'][] = ['organisation', 've', 'data_class']
const WITHIN: readonly KeepWithin[] = ['node', 'local_network']

/** A new rule about where prompts may be computed. */
export function ResidencyDialog({ team, onClose }: { team: Ve[]; onClose: () => void }) {
  const [who, setWho] = useState<AppliesTo['kind']>('organisation')
  const [ve, setVe] = useState('')
  const [dataClass, setDataClass] = useState<DataClass>('personal')
  const [within, setWithin] = useState<KeepWithin>('node')
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: (applies_to: AppliesTo) => api.post('/api/admin/residency', { body: { applies_to, keep_within: within } }),
    onSuccess: () => {
      toast.success(t('residency.saved'))
      onClose()
      return client.invalidateQueries({ queryKey: keys.residency })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (who === 'organisation') save.mutate({ kind: 'organisation' })
    else if (who === 've') save.mutate({ kind: 've', ve_id: ve })
    else save.mutate({ kind: 'data_class', data_class: dataClass })
  }
  return (
    <Dialog open onClose={onClose} title={t('residency.add')} size="sm">
      <form onSubmit={submit} className="grid gap-5">
        <Select
          label={t('residency.who')}
          value={who}
          onChange={setWho}
          items={SUBJECTS.map((kind) => [kind, t(`residency.who.${kind}`)] as const)}
        />
        {who === 've' ? (
          <Select
            label={t('residency.employee')}
            value={ve}
            onChange={setVe}
            items={[['', t('residency.employee_choose')], ...team.map((item) => [item.id, item.persona_name] as const)]}
          />
        ) : null}
        {who === 'data_class' ? (
          <Select
            label={t('residency.class')}
            value={dataClass}
            onChange={setDataClass}
            items={DATA_CLASSES.map((name) => [name, dataClassName(name)] as const)}
          />
        ) : null}
        <div className="grid gap-1.5">
          <p className="text-[13.5px] font-medium">{t('residency.within')}</p>
          <Segmented
            label={t('residency.within')}
            value={within}
            onChange={setWithin}
            items={WITHIN.map((place) => [place, t(`residency.within.${place}`)] as const)}
          />
        </div>
        <FormError error={save.error} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={save.isPending || (who === 've' && ve === '')}>
            {t('provider.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
