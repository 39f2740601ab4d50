import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { MapPin, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { providerQueries } from '@/api/provider-queries'
import { keys, queries } from '@/api/queries'
import type { ResidencyRule, Ve } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { dataClassName } from '@/components/data-class'
import { ConfirmDialog } from '@/components/dialog'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { ListPanel } from './list-panel'
import { ResidencyDialog } from './residency-dialog'

function subjectOf({ applies_to }: ResidencyRule, team: Ve[]): string {
  if (applies_to.kind === 'organisation') return t('residency.who.organisation')
  if (applies_to.kind === 'data_class') return t('residency.class_rule', { class: dataClassName(applies_to.data_class) })
  return t('residency.ve_rule', { name: team.find((ve) => ve.id === applies_to.ve_id)?.persona_name ?? applies_to.ve_id })
}

/** Where the organisation's prompts may be computed. */
export function Residency() {
  const list = useQuery(providerQueries.residency())
  const { data: team } = useQuery(queries.ves('active'))
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<ResidencyRule | null>(null)
  const subject = (rule: ResidencyRule) => subjectOf(rule, team?.items ?? [])
  const add = (
    <Button kind="outline" size="sm" onClick={() => setAdding(true)}>
      <Plus size={15} aria-hidden="true" />
      {t('residency.add')}
    </Button>
  )
  return (
    <ListPanel
      title={t('providers.tab.residency')}
      lead={t('residency.lead')}
      query={list}
      add={add}
      empty={{ title: t('residency.empty_title'), text: t('residency.empty') }}
      row={(rule) => (
        <li key={rule.id} className="flex items-center gap-3.5 px-5 py-3.5">
          <MapPin size={18} className="shrink-0 text-brand" aria-hidden="true" />
          <p className="min-w-0 flex-1 text-[14.5px]">
            <b className="font-medium">{subject(rule)}</b>
            <span className="block text-[13px] text-ink-2">
              {t(`residency.within.${rule.keep_within}`)}, {t('residency.since', { when: formatDate(rule.created_at) })}
            </span>
          </p>
          <IconButton label={t('residency.remove_of', { rule: subject(rule) })} onClick={() => setRemoving(rule)}>
            <Trash2 size={16} aria-hidden="true" />
          </IconButton>
        </li>
      )}
    >
      {adding ? <ResidencyDialog team={team?.items ?? []} onClose={() => setAdding(false)} /> : null}
      {removing ? <Remove rule={removing} subject={subject(removing)} onClose={() => setRemoving(null)} /> : null}
    </ListPanel>
  )
}

function Remove({ rule, subject, onClose }: { rule: ResidencyRule; subject: string; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/residency/{id}', { path: { id: rule.id } }),
    onSuccess: () => {
      toast.success(t('residency.removed'))
      return client.invalidateQueries({ queryKey: keys.residency })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('residency.remove_title')}
      confirm={t('residency.remove')}
      busy={remove.isPending}
    >
      {t('residency.remove_text', { rule: subject })}
    </ConfirmDialog>
  )
}
