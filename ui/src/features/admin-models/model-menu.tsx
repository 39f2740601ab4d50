import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AtSign, Ellipsis, FileCheck2, Pencil, Pin, PinOff, Puzzle, Sparkles, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Model } from '@/api/types'
import { announce } from '@/components/announcer'
import { IconButton } from '@/components/button'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { AliasDialog } from './alias-dialog'
import { BaseDialog, RenameDialog } from './change-dialogs'
import { RemoveDialog } from './remove-dialog'
import { useChange } from './use-change'

type Asked = 'rename' | 'alias' | 'base' | 'remove'

/** Everything else an administrator may do with a model. */
export function ModelMenu({ model }: { model: Model }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  const change = useChange(model)
  const verify = useVerify(model)
  const label = t('models.actions', { model: model.title })
  const generative = model.kind === 'generative'
  return (
    <>
      <Menu
        label={label}
        trigger={(props) => (
          <IconButton label={label} className="-me-2 -mt-1" {...props}>
            <Ellipsis size={18} />
          </IconButton>
        )}
      >
        <MenuItem icon={Pencil} onClick={() => setAsked('rename')}>
          {t('models.rename')}
        </MenuItem>
        {model.kind === 'adapter' ? (
          <MenuItem icon={Puzzle} onClick={() => setAsked('base')}>
            {t('models.base')}
          </MenuItem>
        ) : (
          <>
            <MenuItem icon={AtSign} onClick={() => setAsked('alias')}>
              {t('models.alias')}
            </MenuItem>
            <MenuItem icon={model.pinned ? PinOff : Pin} onClick={() => change.mutate({ pinned: !model.pinned })}>
              {t(model.pinned ? 'models.unpin' : 'models.pin')}
            </MenuItem>
          </>
        )}
        {generative ? (
          <MenuItem icon={Sparkles} onClick={() => change.mutate({ suitable_for_auto: !model.suitable_for_auto })}>
            {t(model.suitable_for_auto ? 'models.auto_off' : 'models.auto_on')}
          </MenuItem>
        ) : null}
        <MenuItem
          icon={FileCheck2}
          disabled={verify.isPending}
          onClick={() => {
            announce(t('models.verifying', { model: model.title }))
            verify.mutate()
          }}
        >
          {t('models.verify')}
        </MenuItem>
        {model.built_in ? null : (
          <>
            <MenuSeparator />
            <MenuItem icon={Trash2} danger onClick={() => setAsked('remove')}>
              {t('models.remove')}
            </MenuItem>
          </>
        )}
      </Menu>
      {verify.isPending ? <span className="sr-only">{t('models.verifying', { model: model.title })}</span> : null}
      {asked === 'rename' ? <RenameDialog model={model} onClose={close} /> : null}
      {asked === 'alias' ? <AliasDialog model={model} onClose={close} /> : null}
      {asked === 'base' ? <BaseDialog model={model} onClose={close} /> : null}
      {asked === 'remove' ? <RemoveDialog model={model} onClose={close} /> : null}
    </>
  )
}

/** Reads the whole file again, which may take minutes; the answer comes as a notice. */
function useVerify(model: Model) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => api.post('/api/admin/models/{id}/verify', { path: { id: model.id } }),
    onSuccess: ({ result }) => {
      const words = { model: model.title }
      if (result === 'ok') toast.success(t('models.verified.ok', words))
      else if (result === 'changed') toast.failure(t('models.verified.changed', words))
      else if (result === 'missing') toast.failure(t('models.verified.missing', words))
      else toast.success(t('models.verified.other', words))
    },
    onError: toast.error,
    onSettled: () => client.invalidateQueries({ queryKey: keys.models }),
  })
}
