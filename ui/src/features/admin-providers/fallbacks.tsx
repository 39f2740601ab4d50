import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { providerQueries } from '@/api/provider-queries'
import { keys } from '@/api/queries'
import type { FallbackChain } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { FallbackDialog } from './fallback-dialog'
import { ListPanel } from './list-panel'

/** Names for several models that are tried in order. */
export function Fallbacks() {
  const list = useQuery(providerQueries.fallbacks())
  const [editing, setEditing] = useState<FallbackChain | 'new' | null>(null)
  const [removing, setRemoving] = useState<FallbackChain | null>(null)
  const add = (
    <Button kind="outline" size="sm" onClick={() => setEditing('new')}>
      <Plus size={15} aria-hidden="true" />
      {t('fallbacks.add')}
    </Button>
  )
  return (
    <ListPanel
      title={t('providers.tab.fallbacks')}
      lead={t('fallbacks.lead')}
      query={list}
      add={add}
      empty={{ title: t('fallbacks.empty_title'), text: t('fallbacks.empty') }}
      row={(chain) => (
        <li key={chain.name} className="flex items-center gap-3 px-5 py-3.5">
          <div className="min-w-0 flex-1">
            <p className="font-mono text-[14px] font-medium">{chain.model}</p>
            <ol className="mt-1 flex flex-wrap gap-x-1.5 gap-y-1 font-mono text-[12.5px] text-ink-2">
              {chain.steps.map((step, index) => (
                <li key={step} className="rounded-full bg-surface-2 px-2.5 py-0.5">
                  {index + 1}. {step}
                </li>
              ))}
            </ol>
          </div>
          <IconButton label={t('fallbacks.edit_of', { name: chain.model })} onClick={() => setEditing(chain)}>
            <Pencil size={16} aria-hidden="true" />
          </IconButton>
          <IconButton label={t('fallbacks.remove_of', { name: chain.model })} onClick={() => setRemoving(chain)}>
            <Trash2 size={16} aria-hidden="true" />
          </IconButton>
        </li>
      )}
    >
      {editing ? <FallbackDialog chain={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <Remove chain={removing} onClose={() => setRemoving(null)} /> : null}
    </ListPanel>
  )
}

function Remove({ chain, onClose }: { chain: FallbackChain; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/fallbacks/{name}', { path: { name: chain.name } }),
    onSuccess: () => {
      toast.success(t('fallbacks.removed', { name: chain.model }))
      return Promise.all([keys.fallbacks, keys.models].map((queryKey) => client.invalidateQueries({ queryKey })))
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('fallbacks.remove_title', { name: chain.model })}
      confirm={t('provider.remove')}
      busy={remove.isPending}
    >
      {t('fallbacks.remove_text', { name: chain.model })}
    </ConfirmDialog>
  )
}
