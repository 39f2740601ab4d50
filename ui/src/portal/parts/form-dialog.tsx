import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { isApiError } from '@/api/error'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { t } from '@/lib/i18n'

type FormDialogProps<T> = {
  title: string
  lead: string
  submit: string
  danger?: boolean
  size?: 'md' | 'lg'
  /** The fields whose errors stand beside them. */
  fields?: readonly string[]
  onClose: () => void
  send: () => Promise<T>
  onDone: (result: T) => void
  children: (fieldError: (name: string) => string | undefined) => ReactNode
}

/** A form in a dialog: fields, errors beside them, a way back, one button that sends. */
export function FormDialog<T>({ title, lead, submit, danger, size, fields = [], onClose, send, onDone, children }: FormDialogProps<T>) {
  const run = useMutation({ mutationFn: send, onSuccess: onDone })
  const error = isApiError(run.error) ? run.error : undefined
  return (
    <Dialog open onClose={onClose} title={title} lead={lead} size={size ?? 'md'}>
      <form
        className="grid gap-5"
        onSubmit={(event) => {
          event.preventDefault()
          run.mutate()
        }}
      >
        {children((name) => error?.field(name))}
        <FormError error={run.error} fields={fields} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" kind={danger ? 'danger' : 'brand'} disabled={run.isPending}>
            {submit}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
