import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ellipsis, Fingerprint, Pencil, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { type AccountSecurity, accountQueries, type Passkey } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Menu, MenuItem } from '@/components/menu'
import { EmptyState, Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { passkeyObstacle } from '@/lib/webauthn'
import { AddPasskey } from './add-passkey'
import { CodesDialog } from './codes-step'

type Asked = { what: 'add' } | { what: 'rename' | 'remove'; passkey: Passkey } | null

/** The passkeys of the account: add, rename, remove. */
export function Passkeys({ security }: { security: AccountSecurity }) {
  const [asked, setAsked] = useState<Asked>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: accountQueries.security().queryKey })
  const close = () => setAsked(null)
  const obstacle = passkeyObstacle()
  const { passkeys } = security
  const add = (
    <Button size="sm" onClick={() => setAsked({ what: 'add' })} disabled={obstacle !== null}>
      <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
      {t('security.passkeys.add')}
    </Button>
  )
  const only = security.second_factor_required && !security.totp.enabled && passkeys.length === 1
  return (
    <Panel title={t('security.passkeys.title')} icon={Fingerprint} i={2} end={passkeys.length > 0 ? add : null}>
      <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('security.passkeys.lead')}</p>
      {obstacle ? (
        <p className="mb-4 rounded-[14px] bg-surface-2 px-4 py-3 text-[13.5px] text-ink-2">{t(`factors.passkey.${obstacle}`)}</p>
      ) : null}
      {passkeys.length === 0 ? <EmptyState title={t('security.passkeys.empty')} action={add} /> : null}
      <ul aria-label={t('security.passkeys.list')} className="grid gap-2.5">
        {passkeys.map((passkey) => (
          <Row key={passkey.id} passkey={passkey} only={only} onAsk={(what) => setAsked({ what, passkey })} />
        ))}
      </ul>
      {asked?.what === 'add' ? (
        <Dialog open onClose={close} title={t('security.passkeys.add')} lead={t('security.passkeys.dialog_lead')} size="sm">
          <AddPasskey
            onCancel={close}
            onAdded={(passkey) => {
              close()
              void refresh()
              if (passkey.recovery_codes) setCodes(passkey.recovery_codes)
              else toast.success(t('security.passkeys.added', { name: passkey.name }))
            }}
          />
        </Dialog>
      ) : null}
      {asked?.what === 'rename' ? <Rename passkey={asked.passkey} onClose={close} onDone={refresh} /> : null}
      {asked?.what === 'remove' ? <Remove passkey={asked.passkey} onClose={close} onDone={refresh} /> : null}
      {codes ? <CodesDialog codes={codes} onClose={() => setCodes(null)} /> : null}
    </Panel>
  )
}

function Row({ passkey, only, onAsk }: { passkey: Passkey; only: boolean; onAsk: (what: 'rename' | 'remove') => void }) {
  const used = passkey.last_used_at
    ? t('security.passkeys.used', { when: formatRelative(passkey.last_used_at) })
    : t('security.passkeys.unused')
  const more = t('security.passkeys.more', { name: passkey.name })
  return (
    <li className="flex items-center gap-3.5 rounded-[16px] border border-line p-3.5">
      <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
        <Fingerprint size={20} aria-hidden="true" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block truncate text-[14.5px] font-medium">{passkey.name}</span>
        <span className="block text-[13px] text-ink-2">
          {t('security.passkeys.created', { when: formatDate(passkey.created_at) })}, {used}
        </span>
        {only ? <span className="block text-[12.5px] text-ink-3">{t('security.passkeys.last')}</span> : null}
      </span>
      <Menu
        label={more}
        trigger={(props) => (
          <IconButton label={more} {...props}>
            <Ellipsis size={18} />
          </IconButton>
        )}
      >
        <MenuItem icon={Pencil} onClick={() => onAsk('rename')}>
          {t('security.passkeys.rename')}
        </MenuItem>
        <MenuItem icon={Trash2} danger disabled={only} onClick={() => onAsk('remove')}>
          {t('security.passkeys.remove')}
        </MenuItem>
      </Menu>
    </li>
  )
}

type ChangeProps = { passkey: Passkey; onClose: () => void; onDone: () => Promise<void> }

function Rename({ passkey, onClose, onDone }: ChangeProps) {
  const [name, setName] = useState(passkey.name)
  const rename = useMutation({
    mutationFn: () => api.patch('/api/account/passkeys/{id}', { path: { id: passkey.id }, body: { name: name.trim() } }),
    onSuccess: (saved) => {
      toast.success(t('security.passkeys.renamed', { name: saved.name }))
      onClose()
      return onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rename.mutate()
  }
  return (
    <Dialog open onClose={onClose} size="sm" title={t('security.passkeys.rename_title', { name: passkey.name })}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('security.passkeys.name')}
          required
          maxLength={60}
          value={name}
          error={isApiError(rename.error) ? rename.error.field('name') : undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <FormError error={rename.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || rename.isPending}>
            {t('action.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function Remove({ passkey, onClose, onDone }: ChangeProps) {
  const { name } = passkey
  const remove = useMutation({
    mutationFn: () => api.delete('/api/account/passkeys/{id}', { path: { id: passkey.id } }),
    onSuccess: () => {
      toast.success(t('security.passkeys.removed', { name }))
      return onDone()
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('security.passkeys.remove_title', { name })}
      confirm={t('security.passkeys.remove')}
      busy={remove.isPending}
    >
      {t('security.passkeys.remove_text')}
    </ConfirmDialog>
  )
}
