import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { Secret } from '@/components/secret'
import { t } from '@/lib/i18n'

/** A secret that is shown once, with what to do with it. */
export function Once({ title, lead, value, onClose }: { title: string; lead: string; value: string; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      <Secret value={value} warning={t('portal.once')} />
      <DialogActions>
        <Button onClick={onClose}>{t('portal.done')}</Button>
      </DialogActions>
    </Dialog>
  )
}
