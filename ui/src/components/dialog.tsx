import { X } from 'lucide-react'
import { type PointerEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { t } from '@/lib/i18n'
import { Button, IconButton } from './button'

type ModalProps = { onClose: () => void; className: string; label?: string; labelledBy?: string; describedBy?: string; children: ReactNode }

/** What has focus when a modal opens: what asks for it, else the first field; else the browser chooses. */
const FIRST = '[data-autofocus], input:not([type=hidden]), select, textarea'

/** The browser's own modal: it traps focus, makes the rest inert, closes on Escape or a press outside, and returns focus. */
export function Modal({ onClose, className, label, labelledBy, describedBy, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    element?.querySelector<HTMLElement>(FIRST)?.focus()
    return () => {
      element?.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
  const onPress = (event: PointerEvent) => {
    if (event.target === dialog.current) onClose()
  }
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      className={`modal ${className}`}
      onPointerDown={onPress}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      {children}
    </dialog>
  )
}

type DialogProps = { open: boolean; onClose: () => void; title: string; lead?: ReactNode; children?: ReactNode; size?: 'sm' | 'md' | 'lg' }
const WIDTHS = { sm: 'sm:max-w-[440px]', md: 'sm:max-w-[560px]', lg: 'sm:max-w-[860px]' } as const

/** A titled modal. On phones it is a sheet at the bottom edge. */
export function Dialog({ open, onClose, title, lead, children, size = 'md' }: DialogProps) {
  const id = useId()
  if (!open) return null
  return (
    <Modal
      onClose={onClose}
      labelledBy={`${id}-title`}
      describedBy={lead ? `${id}-lead` : undefined}
      className={`sheet-modal ${WIDTHS[size]} border border-line bg-surface text-ink shadow-[var(--sh-3)]`}
    >
      <div className="p-6 sm:p-7">
        <div className="flex items-start gap-4">
          <div className="min-w-0 flex-1">
            <h2 id={`${id}-title`} className="font-display text-[22px] leading-tight font-semibold tracking-[-.02em] text-balance">
              {title}
            </h2>
            {lead ? (
              <p id={`${id}-lead`} className="mt-1.5 text-[14.5px] text-ink-2">
                {lead}
              </p>
            ) : null}
          </div>
          <IconButton label={t('action.close')} onClick={onClose} className="-me-2 -mt-1.5">
            <X size={18} />
          </IconButton>
        </div>
        {children ? <div className="mt-5">{children}</div> : null}
      </div>
    </Modal>
  )
}

/** The row of buttons at the end of a dialog. */
export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className="mt-6 flex flex-wrap justify-end gap-2.5 border-t border-line pt-5">{children}</div>
)

type ConfirmProps = {
  open: boolean
  onClose: () => void
  onConfirm: () => void
  title: string
  children: ReactNode
  confirm: string
  busy?: boolean
  danger?: boolean
}
/** Asks before something that cannot be undone. The safe way out comes first in tab order. */
export function ConfirmDialog({ open, onClose, onConfirm, title, children, confirm, busy = false, danger = true }: ConfirmProps) {
  return (
    <Dialog open={open} onClose={onClose} title={title} size="sm" lead={children}>
      <DialogActions>
        <Button kind="outline" onClick={onClose} data-autofocus>
          {t('action.cancel')}
        </Button>
        <Button kind={danger ? 'danger' : 'brand'} onClick={onConfirm} disabled={busy}>
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
