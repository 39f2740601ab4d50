import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Pause, Play, Trash2, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { Upload } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { errorText } from '@/components/error-state'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatBytes, formatDate, formatDuration } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { belongsTo, forget, pause, resume, type Transfer, useTransfer } from './transfers'
import { UploadVerdict } from './upload-verdict'

/** One file on its way: how far it is, what the node makes of it, and the next step. */
export function UploadCard({ upload }: { upload: Upload }) {
  const transfer = useTransfer(upload.id)
  const share = upload.size_bytes > 0 ? upload.received_bytes / upload.size_bytes : 0
  return (
    <li className="overflow-hidden rounded-[18px] border border-line">
      <div className="p-4">
        <div className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <h3 className="truncate font-mono text-[14px] font-medium" title={upload.file_name}>
              {upload.file_name}
            </h3>
            <p className="mt-0.5 text-[13px] text-ink-2 tabular-nums">{amount(upload, transfer)}</p>
          </div>
          {upload.state === 'receiving' ? <Go upload={upload} transfer={transfer} /> : null}
          <Cancel upload={upload} />
        </div>
        {upload.state === 'refused' ? null : (
          <div
            role="progressbar"
            aria-label={t('upload.progress', { file: upload.file_name })}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.floor(share * 100)}
            className="mt-3 h-2 overflow-hidden rounded-full bg-surface-2"
          >
            <div
              className="h-full origin-left rounded-full bg-linear-to-r from-brand-fill to-violet transition-transform duration-300 rtl:origin-right"
              style={{ transform: `scaleX(${share})` }}
            />
          </div>
        )}
        <Trouble upload={upload} transfer={transfer} />
      </div>
      {upload.inspection && upload.state !== 'refused' ? <UploadVerdict upload={upload} inspection={upload.inspection} /> : null}
    </li>
  )
}

function amount(upload: Upload, transfer: Transfer | undefined): string {
  const parts = [t('upload.amount', { done: formatBytes(upload.received_bytes), all: formatBytes(upload.size_bytes) })]
  if (transfer?.state === 'paused') parts.push(t('upload.paused'))
  const speed = transfer?.bytesPerSecond
  if (speed && upload.state === 'receiving') {
    const left = ((upload.size_bytes - upload.received_bytes) * 1000) / speed
    parts.push(
      t('upload.speed', { speed: formatBytes(speed) }),
      t('upload.left', { time: formatDuration(Math.max(1_000, Math.round(left / 1_000) * 1_000)) }),
    )
  }
  return parts.join(', ')
}

/** Pause, go on, or choose the file again where this tab does not have it. */
function Go({ upload, transfer }: { upload: Upload; transfer: Transfer | undefined }) {
  const client = useQueryClient()
  if (!transfer) return null
  if (transfer.state === 'sending' || transfer.state === 'waiting') {
    return (
      <IconButton label={t('upload.pause', { file: upload.file_name })} onClick={() => pause(upload.id)}>
        <Pause size={18} aria-hidden="true" />
      </IconButton>
    )
  }
  return (
    <IconButton label={t('upload.resume', { file: upload.file_name })} onClick={() => void resume(client, upload.id, transfer.file)}>
      <Play size={18} aria-hidden="true" />
    </IconButton>
  )
}

function Trouble({ upload, transfer }: { upload: Upload; transfer: Transfer | undefined }) {
  if (upload.refusal) {
    return (
      <p role="alert" className="mt-2 text-[14px] text-danger">
        <b className="font-semibold">{t('upload.refused')}.</b> {sentence(upload.refusal.message)}
      </p>
    )
  }
  if (upload.state === 'receiving' && !transfer) return <ChooseAgain upload={upload} />
  if (transfer?.state === 'waiting') return <p className="mt-2.5 text-[13.5px] text-warn">{t('upload.waiting')}</p>
  if (transfer?.state !== 'stopped') return null
  const gone = isApiError(transfer.error, 'upload_unreadable')
  return (
    <div className="mt-2.5">
      <p role="alert" className="text-[13.5px] text-danger">
        <b className="font-semibold">{t('upload.stopped')}.</b> {gone ? t('upload.unreadable') : errorText(transfer.error)}
      </p>
      {gone ? <ChooseAgain upload={upload} /> : null}
    </div>
  )
}

/** The browser gives a page no file twice, so after a reload the person has to. */
function ChooseAgain({ upload }: { upload: Upload }) {
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const [other, setOther] = useState(false)
  const take = (file: File | undefined) => {
    if (!file) return
    const same = belongsTo(file, upload)
    setOther(!same)
    if (same) void resume(client, upload.id, file)
  }
  return (
    <div className="mt-2.5 text-[13.5px] text-ink-2">
      <p>{t('upload.again_text', { file: upload.file_name, done: formatBytes(upload.received_bytes) })}</p>
      {other ? (
        <p role="alert" className="mt-1.5 text-danger">
          {t('upload.other_file', { file: upload.file_name, size: formatBytes(upload.size_bytes) })}
        </p>
      ) : null}
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <Button kind="outline" size="sm" onClick={() => input.current?.click()}>
          {t('upload.again')}
        </Button>
        <span className="text-[12.5px] text-ink-3">{t('upload.kept', { when: formatDate(upload.expires_at) })}</span>
      </div>
      <input
        ref={input}
        type="file"
        accept=".gguf,.tar"
        hidden
        aria-label={t('upload.again')}
        onChange={(event) => take(event.target.files?.[0])}
      />
    </div>
  )
}

function Cancel({ upload }: { upload: Upload }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => {
      forget(upload.id)
      return api.delete('/api/admin/models/uploads/{id}', { path: { id: upload.id } })
    },
    onError: toast.error,
    onSettled: () => {
      setAsking(false)
      return client.invalidateQueries({ queryKey: keys.uploads })
    },
  })
  const refused = upload.state === 'refused'
  const label = refused ? t('upload.dismiss') : t('upload.cancel', { file: upload.file_name })
  return (
    <>
      <IconButton
        label={label}
        className="-me-1.5"
        disabled={remove.isPending}
        onClick={() => (refused ? remove.mutate() : setAsking(true))}
      >
        {refused ? <Trash2 size={17} aria-hidden="true" /> : <X size={18} aria-hidden="true" />}
      </IconButton>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate()}
        title={t('upload.cancel_title', { file: upload.file_name })}
        confirm={t('upload.cancel_do')}
        busy={remove.isPending}
      >
        {t('upload.cancel_text', { done: formatBytes(upload.received_bytes) })}
      </ConfirmDialog>
    </>
  )
}
