import '@/lib/i18n/en/grants'
import type { ReactNode } from 'react'
import { t } from '@/lib/i18n'
import { Button } from './button'
import { Dialog, DialogActions } from './dialog'
import { Secret } from './secret'

type SecretDialogProps = { title: string; lead?: ReactNode; value: string; children?: ReactNode; onClose: () => void }

/** A secret that was just made, shown once; what else is needed to use it stands below. */
export function SecretDialog({ title, lead, value, children, onClose }: SecretDialogProps) {
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
        <Secret value={value} warning={t('grants.once')} />
        {children}
      </div>
      <DialogActions>
        <Button onClick={onClose}>{t('grants.copied')}</Button>
      </DialogActions>
    </Dialog>
  )
}
