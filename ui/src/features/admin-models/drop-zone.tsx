import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useEffect, useEffectEvent, useId, useRef, useState } from 'react'
import { FormError } from '@/components/error-state'
import { t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'
import { upload } from './transfers'

/** The largest file the node takes: 100 GiB. */
const FILE_BYTES_MAX = 100 * 2 ** 30

/** Where model files are dropped or chosen. It is a file input, so keyboards and screen readers have the same. */
export function DropZone() {
  const id = useId()
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const [wrong, setWrong] = useState(false)
  const begin = useMutation({ mutationFn: (file: File) => upload(client, file) })
  const take = (files: Iterable<File>) => {
    const chosen = [...files]
    const models = chosen.filter((file) => /\.(gguf|tar)$/i.test(file.name))
    setWrong(models.length < chosen.length)
    for (const file of models) begin.mutate(file)
    if (input.current) input.current.value = ''
  }
  const over = useDroppedFiles(take)
  return (
    <>
      <label
        htmlFor={id}
        className={`flex cursor-pointer items-center gap-4 rounded-[16px] border-[1.5px] border-dashed p-5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand ${over ? 'border-brand bg-brand-soft' : 'border-field hover:border-brand'}`}
      >
        <span className="grid size-12 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
          <FileUp size={22} aria-hidden="true" />
        </span>
        <span className="min-w-0">
          <span className="block text-[15px] font-semibold">{over ? t('models.drop_release') : t('models.drop')}</span>
          <span id={`${id}-note`} className="block text-[13.5px] text-ink-2">
            {t('models.drop_note', { size: formatBytes(FILE_BYTES_MAX) })}
          </span>
        </span>
        <input
          ref={input}
          id={id}
          type="file"
          accept=".gguf,.tar"
          multiple
          className="sr-only"
          aria-describedby={`${id}-note`}
          onChange={(event) => take(event.target.files ?? [])}
        />
      </label>
      {wrong ? (
        <p role="alert" className="mt-3 text-[13.5px] text-danger">
          {t('models.drop_wrong')}
        </p>
      ) : null}
      {begin.error ? (
        <div className="mt-3">
          <FormError error={begin.error} />
        </div>
      ) : null}
    </>
  )
}

const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false

/** Takes files that are let go anywhere on the page, which a browser would open in its place; says whether one hovers over it. */
function useDroppedFiles(take: (files: Iterable<File>) => void): boolean {
  const [over, setOver] = useState(false)
  const onDrop = useEffectEvent((event: DragEvent) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer?.files ?? [])
  })
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    // Leaving the window has nothing it goes to; leaving a part of the page has.
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => onDrop(event)
    window.addEventListener('dragover', onOver)
    window.addEventListener('dragleave', onLeave)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragover', onOver)
      window.removeEventListener('dragleave', onLeave)
      window.removeEventListener('drop', drop)
    }
  }, [])
  return over
}
