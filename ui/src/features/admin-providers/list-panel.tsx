import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'

type ListPanelProps<T> = {
  title: string
  lead: string
  query: UseQueryResult<{ items: T[] }>
  /** The way to a new entry: at the top, or in the middle of an empty list. */
  add?: ReactNode
  empty?: { title: string; text: string }
  /** One entry, as a list item. */
  row: (item: T) => ReactNode
  children?: ReactNode
}

/** A tab that lists something, with its loading, empty and error state. */
export function ListPanel<T>({ title, lead, query, add, empty, row, children }: ListPanelProps<T>) {
  const { data, error, refetch } = query
  const isEmpty = empty !== undefined && data?.items.length === 0
  return (
    <Panel title={title} pad={false} end={data && !isEmpty ? add : null}>
      <p className="px-5 pb-4 text-[14px] text-ink-2">{lead}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} className="p-5" />}
      {isEmpty ? (
        <EmptyState title={empty.title} action={add}>
          {empty.text}
        </EmptyState>
      ) : null}
      <ul className="divide-y divide-line">{data?.items.map(row)}</ul>
      {children}
    </Panel>
  )
}
