import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, Lock, LockOpen } from 'lucide-react'
import { api } from '@/api/client'
import { keys, queries } from '@/api/queries'
import type { DataClass, Ve } from '@/api/types'
import { DATA_CLASSES, dataClassName } from '@/components/data-class'
import { Menu, MenuItem } from '@/components/menu'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

type SecrecyProps = {
  ve: Ve
  conversation: string | null
  /** What was chosen for a conversation that has not begun. */
  chosen: DataClass | undefined
  onChoose: (dataClass: DataClass) => void
}

/** How secret the open conversation is; at least as secret as what the employee is told anyway. */
export default function Secrecy({ ve, conversation, chosen, onChoose }: SecrecyProps) {
  const client = useQueryClient()
  const { data } = useInfiniteQuery(queries.conversations(ve.id))
  const thread = data?.pages.flatMap((page) => page.items).find((item) => item.id === conversation)
  const change = useMutation({
    mutationFn: (data_class: DataClass) =>
      api.patch('/api/ves/{id}/conversations/{conversation}', {
        path: { id: ve.id, conversation: conversation ?? '' },
        body: { data_class },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conversations(ve.id) }),
    onError: toast.error,
  })
  const offered = DATA_CLASSES.slice(DATA_CLASSES.indexOf(ve.data_class))
  const said = conversation ? thread?.data_class : chosen
  const now = said && offered.includes(said) ? said : ve.data_class
  const Icon = now === 'confidential' || now === 'personal' ? Lock : LockOpen
  const label = t('chat.secrecy', { name: dataClassName(now) })
  return (
    <Menu
      label={t('chat.secrecy_menu')}
      trigger={(props) => (
        <button
          type="button"
          {...props}
          aria-label={label}
          title={t('chat.secrecy_note')}
          disabled={change.isPending}
          className="flex h-9 shrink-0 items-center gap-1.5 rounded-full border border-field px-2.5 text-[13px] text-ink-2 transition-colors hover:border-brand sm:px-3"
        >
          <Icon size={14} aria-hidden="true" />
          <span className="max-sm:sr-only">{dataClassName(now)}</span>
        </button>
      )}
    >
      {offered.map((name) => (
        <MenuItem
          key={name}
          icon={name === now ? Check : undefined}
          onClick={() => {
            if (name === now) return
            if (conversation) change.mutate(name)
            else onChoose(name)
          }}
        >
          {dataClassName(name)}
        </MenuItem>
      ))}
    </Menu>
  )
}
