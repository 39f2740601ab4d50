import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { providerQueries } from '@/api/provider-queries'
import { keys } from '@/api/queries'
import type { FallbackChain } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { FallbackDialog } from './fallback-dialog'

/** Names for several models that are tried in order. */
export function Fallbacks() {
  const { data, error, refetch } = useQuery(providerQueries.fallbacks())
  const [editing, setEditing] = useState<FallbackChain | 'new' | null>(null)
  const [removing, setRemoving] = useState<FallbackChain | null>(null)
  const add = (
    <Button kind="outline" size="sm" onClick={() => setEditing('new')}>
      <Plus size={15} aria-hidden="true" />
      {t('fallbacks.add')}
    </Button>
  )
  const empty = data?.items.length === 0
  return (
    <Panel title={t('providers.tab.fallbacks')} pad={false} end={data && !empty ? add : null}>
      <p className="px-5 pb-4 text-[14px] text-ink-2">{t('fallbacks.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} className="p-5" />}
      {empty ? (
        <EmptyState title={t('fallbacks.empty_title')} action={add}>
          {t('fallbacks.empty')}
        </EmptyState>
      ) : null}
      <ul className="divide-y divide-line">
        {data?.items.map((chain) => (
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
        ))}
      </ul>
      {editing ? <FallbackDialog chain={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <Remove chain={removing} onClose={() => setRemoving(null)} /> : null}
    </Panel>
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
