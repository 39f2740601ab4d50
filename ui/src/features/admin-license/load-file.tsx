import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ClipboardPaste, FileBadge2, FileKey2 } from 'lucide-react'
import { type DragEvent, useId, useRef, useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { ImportedArtefact } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Textarea } from '@/components/field'
import { Panel } from '@/components/page'
import { Seal } from '@/components/seal'
import { t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'
import { stateOf } from './state-card'

const FILE_BYTES_MAX = 64 * 1024

/** Drop, choose or paste; what it is and what it would change is shown before anything does. */
export function LoadFile() {
  const client = useQueryClient()
  const [text, setText] = useState('')
  const [tooLarge, setTooLarge] = useState(false)
  const check = useMutation({ mutationFn: (body: string) => api.post('/api/license/check', { body: { text: body } }) })
  const use = useMutation({
    mutationFn: () => api.post('/api/license/import', { body: { text } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.license }),
  })
  const begin = (next: string) => {
    setText(next)
    use.reset()
    check.mutate(next)
  }
  const reset = () => {
    setText('')
    check.reset()
    use.reset()
  }
  const take = async (file: File | undefined) => {
    if (!file) return
    setTooLarge(file.size > FILE_BYTES_MAX)
    if (file.size <= FILE_BYTES_MAX) begin(await file.text())
  }
  const found = use.data ?? check.data
  return (
    <Panel title={t('license.load')} icon={FileBadge2} i={3}>
      {found ? (
        <div className="flex items-start gap-4 rounded-[18px] border border-line p-4" role="status">
          {use.data ? <Seal size={64} tone="success" /> : <FileKey2 size={28} className="mt-1 shrink-0 text-brand" aria-hidden="true" />}
          <div className="min-w-0 flex-1 text-[14.5px]">
            <b className="block font-semibold">{use.data ? t('license.done') : t('license.matches')}</b>
            <p className="mt-0.5 break-words text-ink-2 first-letter:uppercase">
              {describe(found)}{' '}
              {use.data
                ? t('license.done_note', { state: t(`license.short.${stateOf(found.state)}`) })
                : t(found.outcome === 'already_there' ? 'license.found.known' : 'license.found.nothing_yet')}
            </p>
            <div className="mt-3 flex flex-wrap gap-2">
              {use.data || found.outcome === 'already_there' ? (
                <Button size="sm" kind="outline" onClick={reset}>
                  {t('license.another')}
                </Button>
              ) : (
                <>
                  <Button size="sm" disabled={use.isPending} onClick={() => use.mutate()}>
                    {t('license.use')}
                  </Button>
                  <Button size="sm" kind="quiet" onClick={reset}>
                    {t('action.cancel')}
                  </Button>
                </>
              )}
            </div>
            {use.error ? (
              <div className="mt-3">
                <FormError error={use.error} />
              </div>
            ) : null}
          </div>
        </div>
      ) : (
        <div className="grid gap-4">
          <Drop onFile={(file) => void take(file)} />
          {tooLarge ? (
            <p role="alert" className="text-[13.5px] text-danger">
              {t('license.too_large')}
            </p>
          ) : null}
          <Textarea
            label={t('license.paste')}
            mono
            rows={3}
            value={text}
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
            placeholder={t('license.paste_example')}
            hint={
              <span className="inline-flex items-center gap-1.5">
                <ClipboardPaste size={13} aria-hidden="true" />
                {t('license.paste_note')}
              </span>
            }
          />
          <FormError error={check.error} />
          <div>
            <Button size="sm" kind="outline" disabled={text.trim() === '' || check.isPending} onClick={() => begin(text)}>
              {t('license.check')}
            </Button>
          </div>
        </div>
      )}
    </Panel>
  )
}

function describe(found: ImportedArtefact): string {
  const number = formatNumber(found.number)
  switch (found.kind) {
    case 'license':
      return t('license.found.license', {
        edition: found.license?.edition ?? '',
        customer: found.license?.customer ?? '',
        id: found.license_id ?? '',
        number,
      })
    case 'lease':
      return t('license.found.lease', { id: found.license_id ?? '' })
    case 'crl':
      return t('license.found.crl', { number })
    default:
      return t('license.found.keyring', { number })
  }
}

/** Where a file is dropped or chosen. It is a file input, so keyboards and screen readers have the same. */
function Drop({ onFile }: { onFile: (file: File | undefined) => void }) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (files: FileList | null) => {
    onFile(files?.[0])
    if (input.current) input.current.value = ''
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files)
  }
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={`flex cursor-pointer items-center gap-4 rounded-[16px] border-[1.5px] border-dashed p-5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand ${over ? 'border-brand bg-brand-soft' : 'border-field hover:border-brand'}`}
    >
      <span className="grid size-12 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
        <FileKey2 size={22} aria-hidden="true" />
      </span>
      <span className="min-w-0">
        <span className="block text-[15px] font-semibold">{over ? t('license.drop_release') : t('license.drop')}</span>
        <span id={`${id}-note`} className="block text-[13.5px] text-ink-2">
          {t('license.drop_note')}
        </span>
      </span>
      <input
        ref={input}
        id={id}
        type="file"
        accept=".lic,.json,.lease,.crl,.pem,.txt"
        className="sr-only"
        aria-describedby={`${id}-note`}
        onChange={(event) => take(event.target.files)}
      />
    </label>
  )
}
