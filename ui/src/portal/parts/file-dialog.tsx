import { useMutation } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { type DragEvent, type ReactNode, useId, useState } from 'react'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Textarea } from '@/components/field'
import { t } from '@/lib/i18n'

type FileDialogProps = {
  title: string
  lead: string
  submit: string
  onClose: () => void
  send: (text: string) => Promise<unknown>
  /** What stands in the place of the form once the file was taken. */
  done: ReactNode
}

/** Takes a file by choosing, dropping or pasting it, and hands it in as it is. */
export function FileDialog({ title, lead, submit, onClose, send, done }: FileDialogProps) {
  const [text, setText] = useState('')
  const id = useId()
  const hand = useMutation({ mutationFn: send })
  const take = (files: FileList | null) => {
    const file = files?.[0]
    if (file) void file.text().then(setText)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    take(event.dataTransfer.files)
  }
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      {hand.isSuccess ? (
        <>
          {done}
          <DialogActions>
            <Button onClick={onClose}>{t('portal.done')}</Button>
          </DialogActions>
        </>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            hand.mutate(text)
          }}
        >
          <label
            htmlFor={id}
            onDragOver={(event) => event.preventDefault()}
            onDrop={onDrop}
            className="flex cursor-pointer items-center gap-3.5 rounded-[16px] border-[1.5px] border-dashed border-field p-4 transition-colors focus-within:border-brand hover:border-brand"
          >
            <FileUp size={22} className="shrink-0 text-brand" aria-hidden="true" />
            <span>
              <b className="block text-[14.5px] font-semibold">{t('portal.file_choose')}</b>
              <span className="text-[13px] text-ink-2">{t('portal.file_drop')}</span>
            </span>
            <input id={id} type="file" className="sr-only" onChange={(event) => take(event.target.files)} />
          </label>
          <Textarea label={t('portal.file_paste')} mono rows={6} value={text} onChange={(event) => setText(event.target.value)} />
          <FormError error={hand.error} />
          <DialogActions>
            <Button kind="outline" onClick={onClose}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" disabled={hand.isPending || text.trim() === ''}>
              {submit}
            </Button>
          </DialogActions>
        </form>
      )}
    </Dialog>
  )
}
