import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ArrowUp, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { keys, queries } from '@/api/queries'
import type { FallbackChain } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

const STEPS_MAX = 8
/** Steps of a chain are models themselves. */
const isStep = (model: string) => model !== 'auto' && model !== 'extractive' && !model.startsWith('fallback/')

/** One chain: its name and which models it tries, in order. */
export function FallbackDialog({ chain, onClose }: { chain: FallbackChain | null; onClose: () => void }) {
  const [name, setName] = useState(chain?.name ?? '')
  const [steps, setSteps] = useState<string[]>(chain?.steps ?? ['', ''])
  const { data } = useQuery(queries.modelChoices())
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () =>
      api.put('/api/admin/fallbacks/{name}', { path: { name: name.trim() }, body: { steps: steps.filter((step) => step !== '') } }),
    onSuccess: (saved) => {
      toast.success(t('fallbacks.saved', { name: saved.model }))
      onClose()
      return Promise.all([keys.fallbacks, keys.models].map((queryKey) => client.invalidateQueries({ queryKey })))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const known = data?.items.filter((choice) => isStep(choice.model)).map((choice) => choice.model) ?? []
  const names = [...new Set([...known, ...steps.filter((step) => step !== '')])]
  const set = (at: number, step: string) => setSteps((now) => now.map((item, index) => (index === at ? step : item)))
  const raise = (at: number) =>
    setSteps((now) => now.map((item, index) => (index === at - 1 ? (now[at] ?? item) : index === at ? (now[at - 1] ?? item) : item)))
  return (
    <Dialog open onClose={onClose} title={chain ? t('fallbacks.edit_title', { name: chain.model }) : t('fallbacks.add')}>
      <form onSubmit={submit} className="grid gap-5">
        {chain ? null : (
          <Field
            label={t('fallbacks.name')}
            hint={t('fallbacks.name_hint')}
            required
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
        <fieldset className="grid gap-2.5">
          <legend className="mb-1.5 text-[13.5px] font-medium">{t('fallbacks.steps')}</legend>
          {steps.map((step, index) => (
            <div key={index} className="flex items-center gap-1.5">
              <Select
                bare
                label={t('fallbacks.step', { number: index + 1 })}
                className="min-w-0 flex-1"
                value={step}
                onChange={(next) => set(index, next)}
                items={[['', t('fallbacks.step_choose')], ...names.map((model) => [model, model] as const)]}
              />
              <IconButton label={t('fallbacks.step_up', { number: index + 1 })} disabled={index === 0} onClick={() => raise(index)}>
                <ArrowUp size={16} aria-hidden="true" />
              </IconButton>
              <IconButton
                label={t('fallbacks.step_remove', { number: index + 1 })}
                disabled={steps.length === 1}
                onClick={() => setSteps((now) => now.filter((_, at) => at !== index))}
              >
                <Trash2 size={16} aria-hidden="true" />
              </IconButton>
            </div>
          ))}
          {steps.length < STEPS_MAX ? (
            <Button kind="outline" size="sm" className="justify-self-start" onClick={() => setSteps((now) => [...now, ''])}>
              <Plus size={15} aria-hidden="true" />
              {t('fallbacks.step_add')}
            </Button>
          ) : null}
        </fieldset>
        <FormError error={save.error} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={save.isPending || name.trim() === '' || steps.every((step) => step === '')}>
            {t('provider.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
