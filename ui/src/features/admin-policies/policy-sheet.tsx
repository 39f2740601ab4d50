import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '@/api/client'
import { peopleQueries } from '@/api/people-queries'
import { type PolicyInput, policyKeys } from '@/api/policy-queries'
import { Button } from '@/components/button'
import { CheckList } from '@/components/choice-cards'
import { ErrorState, FormError } from '@/components/error-state'
import { Segmented } from '@/components/field'
import { useRoleNames } from '@/components/role-names'
import { SearchField } from '@/components/search-field'
import { SideSheet } from '@/components/side-sheet'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import type { Resource } from './resources'

type SheetProps = { resource: Resource; onClose: () => void }

/** Who may use one thing: everybody whose role allows it, or the named roles and people only. */
export function PolicySheet({ resource, onClose }: SheetProps) {
  const { policy } = resource
  const [some, setSome] = useState(policy !== undefined)
  const [input, setInput] = useState<PolicyInput>({ people: policy?.people.map((person) => person.id) ?? [], roles: policy?.roles ?? [] })
  const client = useQueryClient()
  const path = { type: resource.type, id: resource.id }
  const save = useMutation({
    mutationFn: async () => {
      if (some) await api.put('/api/admin/policies/{type}/{id}', { path, body: input })
      else if (policy) await api.delete('/api/admin/policies/{type}/{id}', { path })
    },
    onSuccess: () => {
      toast.success(t('policies.saved', { name: resource.name }))
      onClose()
      return client.invalidateQueries({ queryKey: policyKeys.policies })
    },
  })
  const nobody = some && input.people.length + input.roles.length === 0
  return (
    <SideSheet
      open
      onClose={onClose}
      title={t('policies.sheet_title', { name: resource.name })}
      lead={t(`policies.sheet_lead.${resource.type}`)}
    >
      <div className="grid gap-6">
        <Segmented
          label={t('policies.who')}
          value={some ? 'some' : 'all'}
          onChange={(next) => setSome(next === 'some')}
          items={[
            ['all', t('policies.who_all')],
            ['some', t('policies.who_some')],
          ]}
        />
        {some ? (
          <>
            <Roles values={input.roles} onChange={(roles) => setInput((now) => ({ ...now, roles }))} />
            <People values={input.people} named={policy?.people ?? []} onChange={(people) => setInput((now) => ({ ...now, people }))} />
          </>
        ) : (
          <p className="text-[14px] text-ink-2">{t('policies.who_all_note')}</p>
        )}
        {nobody ? <p className="text-[14px] text-warn">{t('policies.nobody_note')}</p> : null}
        <FormError error={save.error} />
      </div>
      <div className="mt-auto flex flex-wrap justify-end gap-2.5 pt-7">
        <Button kind="outline" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={save.isPending} onClick={() => save.mutate()}>
          {t('action.save')}
        </Button>
      </div>
    </SideSheet>
  )
}

type PickProps = { values: readonly string[]; onChange: (values: string[]) => void }

function Roles({ values, onChange }: PickProps) {
  const { all, titleOf } = useRoleNames()
  const offered = all.map(([role, title]) => ({ value: role, title }))
  const gone = values.filter((role) => !offered.some((item) => item.value === role)).map((value) => ({ value, title: titleOf(value) }))
  return <CheckList label={t('policies.roles')} values={values} onChange={onChange} items={[...offered, ...gone]} />
}

type Named = { id: string; display_name: string }

/** People of the organisation, found by name or e-mail; those already chosen stay in sight. */
function People({ values, named, onChange }: PickProps & { named: readonly Named[] }) {
  const [search, setSearch] = useState('')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(peopleQueries.people())
  const listed = data?.pages.flatMap((page) => page.items) ?? []
  const wanted = search.toLowerCase()
  const fits = (text: string) => text.toLowerCase().includes(wanted)
  const missing = named.filter((person) => !listed.some((other) => other.id === person.id))
  const items = [
    ...missing.map((person) => ({ value: person.id, title: person.display_name })),
    ...listed
      .filter((person) => values.includes(person.id) || fits(person.display_name) || fits(person.email))
      .map((person) => ({ value: person.id, title: person.display_name, note: person.email })),
  ]
  return (
    <div className="grid gap-3">
      <SearchField label={t('policies.search')} hint={t('policies.search')} value={search} onSearch={setSearch} />
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} />}
      {data ? <CheckList label={t('policies.people')} values={values} onChange={onChange} items={items} /> : null}
      {data && items.length === 0 ? <p className="text-[14px] text-ink-2">{t('policies.people_none')}</p> : null}
      {hasNextPage ? (
        <Button kind="outline" size="sm" className="justify-self-start" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('action.more')}
        </Button>
      ) : null}
    </div>
  )
}
