import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { Secret } from '@/components/secret'
import { t } from '@/lib/i18n'

/** A temporary password, shown once, with how to hand it over. */
export function TemporaryPassword({ title, lead, value, onClose }: { title: string; lead: string; value: string; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      <Secret value={value} warning={t('people.once')} />
      <DialogActions>
        <Button onClick={onClose}>{t('people.done')}</Button>
      </DialogActions>
    </Dialog>
  )
}
