import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FileX2, X } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { modelQueries } from '@/api/model-queries'
import { keys } from '@/api/queries'
import type { RefusedFile } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatBytes, formatDateTime } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

/** The node looks into the folder this often, so its list is read this often. */
const FOLDER_POLL_MS = 10_000

/** Files that are shown at first; more come on request. */
const SHOWN_FIRST = 5

/** Why, without the name of the file, which stands above. A name at the beginning keeps its letters. */
function reasonOf({ name, message }: RefusedFile): string {
  if (message.startsWith(`${name}: `)) return sentence(message.slice(name.length + 2))
  return message.startsWith(name) ? name + sentence(message.slice(name.length)) : sentence(message)
}

/** Files that somebody put into the models folder and the node could not take in. Nothing is shown while there are none. */
export function RefusedFiles() {
  const { data, error, refetch } = useQuery({ ...modelQueries.refused(), refetchInterval: FOLDER_POLL_MS })
  const [all, setAll] = useState(false)
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data || data.items.length === 0) return null
  const shown = all ? data.items : data.items.slice(0, SHOWN_FIRST)
  return (
    <section aria-label={t('dropped.list')} className="mt-5">
      <h3 className="text-[14.5px] font-semibold">{t('dropped.title', { count: data.items.length })}</h3>
      <p className="mt-0.5 text-[13.5px] text-ink-2">{t('dropped.lead')}</p>
      <ul className="mt-3 grid gap-3">
        {shown.map((file) => (
          <Row key={file.name} file={file} />
        ))}
      </ul>
      {shown.length < data.items.length ? (
        <Button kind="quiet" size="sm" className="mt-2" onClick={() => setAll(true)}>
          {t('dropped.all', { count: data.items.length })}
        </Button>
      ) : null}
    </section>
  )
}

function Row({ file }: { file: RefusedFile }) {
  const { retry, dismiss, remove, asking, setAsking } = useActions(file)
  const busy = retry.isPending || dismiss.isPending || remove.isPending
  return (
    <li className="rounded-[18px] border border-line p-4">
      <div className="flex items-start gap-3">
        <span className="grid size-10 shrink-0 place-items-center rounded-[13px] bg-warn/13 text-warn">
          <FileX2 size={19} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1">
          <h4 className="truncate font-mono text-[14px] font-medium" title={file.name}>
            {file.name}
          </h4>
          <p className="mt-0.5 text-[12.5px] text-ink-3 tabular-nums">
            {t('dropped.facts', { size: formatBytes(file.size_bytes), when: formatDateTime(file.refused_at) })}
          </p>
        </div>
        <IconButton
          label={t('dropped.dismiss_of', { file: file.name })}
          className="-me-1.5 -mt-1"
          disabled={busy}
          onClick={() => dismiss.mutate()}
        >
          <X size={18} aria-hidden="true" />
        </IconButton>
      </div>
      <p className="mt-2.5 text-[14px] [overflow-wrap:anywhere]">{reasonOf(file)}</p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <Button
          kind="outline"
          size="sm"
          disabled={busy}
          aria-label={t('dropped.retry_of', { file: file.name })}
          onClick={() => retry.mutate(false)}
        >
          {retry.isPending ? t('dropped.retrying') : t('dropped.retry')}
        </Button>
        {file.code === 'model_too_large' ? (
          <Button kind="quiet" size="sm" disabled={busy} onClick={() => retry.mutate(true)}>
            {t('dropped.force')}
          </Button>
        ) : null}
        <Button
          kind="quiet"
          size="sm"
          disabled={busy}
          aria-label={t('dropped.remove_of', { file: file.name })}
          onClick={() => setAsking(true)}
        >
          {t('dropped.remove')}
        </Button>
      </div>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate()}
        title={t('dropped.remove_title', { file: file.name })}
        confirm={t('dropped.remove')}
        busy={remove.isPending}
      >
        {t('dropped.remove_text', { size: formatBytes(file.size_bytes) })}
      </ConfirmDialog>
    </li>
  )
}

/** What can be done with a refused file; each leaves the list as the node has it. */
function useActions(file: RefusedFile) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const path = { file: file.name }
  const settled = { onError: toast.error, onSettled: () => client.invalidateQueries({ queryKey: keys.models }) }
  const retry = useMutation({
    ...settled,
    mutationFn: (force: boolean) => api.post('/api/admin/models/refused-files/{file}/retry', { path, body: { force } }),
    onSuccess: ({ model, refused }) => {
      if (model) toast.success(t('upload.done', { model: model.title }))
      if (refused) toast.failure(t('dropped.again', { reason: reasonOf(refused) }))
    },
  })
  const dismiss = useMutation({
    ...settled,
    mutationFn: () => api.delete('/api/admin/models/refused-files/{file}', { path }),
  })
  const remove = useMutation({
    ...settled,
    mutationFn: () => api.delete('/api/admin/models/refused-files/{file}', { path, query: { remove_file: true } }),
    onSuccess: () => toast.success(t('dropped.removed', { file: file.name })),
    onSettled: () => {
      setAsking(false)
      return settled.onSettled()
    },
  })
  return { retry, dismiss, remove, asking, setAsking }
}
