import { useMutation, useQueryClient } from '@tanstack/react-query'
import { UserRoundPlus } from 'lucide-react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useCan } from '@/api/session'
import type { Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { Button } from '@/components/button'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'

/** Stands in the composer's place when the employee no longer works here. */
export default function Dismissed({ ve }: { ve: Ve }) {
  const client = useQueryClient()
  const mayRehire = useCan('team.hire') && ve.state === 'dismissed'
  const name = firstName(ve.persona_name)
  const rehire = useMutation({
    mutationFn: () => api.post('/api/ves/{id}/rehire', { path: { id: ve.id } }),
    onSuccess: (employee) => {
      client.setQueryData(keys.ve(ve.id), employee)
      void client.invalidateQueries({ queryKey: keys.ves })
      toast.success(t('chat.rehired', { name }))
    },
    onError: toast.error,
  })
  return (
    <div className="flex flex-wrap items-center justify-center gap-3 border-t border-line px-5 py-4 text-center text-[14px] text-ink-2">
      {ve.dismissed_at ? <p>{t('chat.dismissed', { name, date: formatDate(ve.dismissed_at) })}</p> : null}
      {mayRehire ? (
        <Button kind="soft" size="sm" onClick={() => rehire.mutate()} disabled={rehire.isPending}>
          <UserRoundPlus size={16} aria-hidden="true" />
          {t('chat.rehire', { name })}
        </Button>
      ) : null}
    </div>
  )
}
