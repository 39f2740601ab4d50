import { useState } from 'react'
import { useSession } from '@/api/session'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { RecoveryCodes } from '@/components/recovery-codes'
import { t } from '@/lib/i18n'

/** The codes, and a way on that opens once they are kept. */
export function CodesStep({ codes, done, onDone }: { codes: readonly string[]; done: string; onDone: () => void }) {
  const [kept, setKept] = useState(false)
  const { person } = useSession()
  return (
    <>
      <RecoveryCodes codes={codes} email={person.email} kept={kept} onKept={setKept} />
      <DialogActions>
        <Button onClick={onDone} disabled={!kept}>
          {done}
        </Button>
      </DialogActions>
    </>
  )
}

/** The same as a dialog. A press outside does not close it: the codes cannot be had again. */
export function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <Dialog open onClose={() => undefined} title={t('security.codes.title')}>
      <CodesStep codes={codes} done={t('security.codes.done')} onDone={onClose} />
    </Dialog>
  )
}
