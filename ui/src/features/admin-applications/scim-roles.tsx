import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import type { GroupRule } from '@/api/contract'
import { useSession } from '@/api/session'
import { type ScimSettings, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button } from '@/components/button'
import { ErrorState, FormError } from '@/components/error-state'
import { Select } from '@/components/field'
import { areWhole, GroupRules } from '@/components/group-rules'
import { useRoleNames } from '@/components/role-names'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'

const NOBODY = ''

/** Which role the members of a provisioned group get, and everybody else. */
export function ScimRoles() {
  const { data, error, refetch } = useQuery(tokenQueries.scim())
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <RowsSkeleton rows={2} />
  return <Form key={JSON.stringify(data)} settings={data} />
}

function Form({ settings }: { settings: ScimSettings }) {
  const { organisation } = useSession()
  const { all, titleOf } = useRoleNames()
  const [role, setRole] = useState(settings.default_role ?? NOBODY)
  const [rules, setRules] = useState<GroupRule[]>(() => settings.group_roles.map((rule) => ({ ...rule, organisation_id: organisation.id })))
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () =>
      api.put('/api/admin/scim', {
        body: { default_role: role || null, group_roles: rules.map((rule) => ({ group: rule.group.trim(), role: rule.role })) },
      }),
    onSuccess: () => {
      toast.success(t('scim.saved'))
      return client.invalidateQueries({ queryKey: tokenKeys.scim })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const known = role === NOBODY || all.some(([id]) => id === role)
  return (
    <form onSubmit={submit} className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <p className="-mt-2 text-[14px] text-ink-2">{t('scim.roles_lead')}</p>
      <GroupRules fixed rules={rules} onChange={setRules} placeholder={t('scim.group_example')} />
      <Select
        label={t('scim.default_role')}
        hint={t('scim.default_role_hint')}
        value={role}
        onChange={setRole}
        items={[[NOBODY, t('scim.default_role_none')] as const, ...all, ...(known ? [] : [[role, titleOf(role)] as const])]}
      />
      <FormError error={save.error} />
      <Button type="submit" className="justify-self-end" disabled={!areWhole(rules) || save.isPending}>
        {t('action.save')}
      </Button>
    </form>
  )
}
