import { useMutation } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import type { Provider } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { fromRow, newRow, type PriceRow, toRow } from './prices'
import { useReread } from './use-provider'

const KINDS: readonly PriceRow['kind'][] = ['generative', 'embedding']
const CELL =
  'h-10 w-full min-w-0 rounded-[11px] border border-field bg-surface px-2.5 text-[14px] outline-none focus:border-brand focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-brand'

/** The models of a provider and what they cost, as one table. */
export function PriceDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const [rows, setRows] = useState(() => provider.models.map(toRow))
  const reread = useReread()
  const save = useMutation({
    mutationFn: () => api.put('/api/admin/providers/{id}/models', { path: { id: provider.id }, body: { models: rows.map(fromRow) } }),
    onSuccess: (saved) => {
      toast.success(t('provider.saved', { provider: saved.title }))
      onClose()
      return reread()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const change = (key: string, part: Partial<PriceRow>) => setRows((now) => now.map((row) => (row.key === key ? { ...row, ...part } : row)))
  return (
    <Dialog open onClose={onClose} size="lg" title={t('prices.title', { provider: provider.title })} lead={t('prices.lead')}>
      <form onSubmit={submit} className="grid gap-4">
        {rows.length === 0 ? (
          <p className="text-[14px] text-ink-2">{t('prices.none')}</p>
        ) : (
          <div className="-mx-1 overflow-x-auto px-1 pb-1">
            <table className="w-full min-w-[680px] text-[14px]">
              <thead>
                <tr className="text-start text-[13px] text-ink-3">
                  {(['name', 'kind', 'context', 'input', 'cached', 'output'] as const).map((column) => (
                    <th key={column} scope="col" className="px-1 pb-1.5 text-start font-medium">
                      {t(`prices.${column}`)}
                    </th>
                  ))}
                  <td />
                </tr>
              </thead>
              <tbody>
                {rows.map((row, index) => (
                  <Row
                    key={row.key}
                    row={row}
                    number={index + 1}
                    onChange={(part) => change(row.key, part)}
                    onRemove={() => setRows((now) => now.filter((item) => item.key !== row.key))}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Button kind="outline" size="sm" className="justify-self-start" onClick={() => setRows((now) => [...now, newRow()])}>
          <Plus size={15} aria-hidden="true" />
          {t('prices.add')}
        </Button>
        <FormError error={save.error} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={save.isPending}>
            {t('provider.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

type RowProps = { row: PriceRow; number: number; onChange: (part: Partial<PriceRow>) => void; onRemove: () => void }
function Row({ row, number, onChange, onRemove }: RowProps) {
  return (
    <tr>
      <td className="min-w-[180px] p-1">
        <input
          className={`${CELL} font-mono text-[13px]`}
          required
          aria-label={t('prices.name_of', { number })}
          value={row.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </td>
      <td className="p-1">
        <select
          className={CELL}
          aria-label={t('prices.kind_of', { number })}
          value={row.kind}
          onChange={(event) => onChange({ kind: KINDS.find((kind) => kind === event.target.value) ?? 'generative' })}
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`prices.kind.${kind}`)}
            </option>
          ))}
        </select>
      </td>
      <td className="w-28 p-1">
        <input
          className={`${CELL} text-end tabular-nums`}
          inputMode="numeric"
          pattern="[0-9]*"
          aria-label={t('prices.context_of', { number })}
          value={row.context}
          onChange={(event) => onChange({ context: event.target.value })}
        />
      </td>
      {(['input', 'cached', 'output'] as const).map((price) => (
        <td key={price} className="w-24 p-1">
          <input
            className={`${CELL} text-end tabular-nums`}
            type="number"
            min={0}
            step="any"
            aria-label={t(`prices.${price}_of`, { number })}
            value={row[price]}
            onChange={(event) => onChange({ [price]: event.target.value })}
          />
        </td>
      ))}
      <td className="p-1">
        <IconButton label={t('prices.remove_of', { number })} onClick={onRemove}>
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      </td>
    </tr>
  )
}
