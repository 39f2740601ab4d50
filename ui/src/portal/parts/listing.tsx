import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type Column, DataTable } from '@/components/datatable'
import { ErrorState } from '@/components/error-state'
import { MoreRows } from '@/components/more-rows'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'

type Page<Row> = { items: Row[]; next_cursor: string | null }
type ListingProps<Row> = {
  label: string
  /** What the rows are cached under. */
  queryKey: readonly unknown[]
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>
  columns: Column<Row>[]
  empty: { title: string; text: string; action?: ReactNode }
}

const FIRST_PAGE: string | undefined = undefined

/** A paged table with its loading, empty and error state. */
export function Listing<Row extends { id: string }>({ label, queryKey, read, columns, empty }: ListingProps<Row>) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) => read(pageParam, signal),
    initialPageParam: FIRST_PAGE,
    getNextPageParam: (page: Page<Row>) => page.next_cursor ?? undefined,
  })
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel pad={false} className="overflow-hidden pt-4">
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={5} className="p-5" />}
      {rows.length > 0 ? <DataTable label={label} columns={columns} rows={rows} /> : null}
      {data && rows.length === 0 ? (
        <EmptyState title={empty.title} action={empty.action}>
          {empty.text}
        </EmptyState>
      ) : null}
      <MoreRows hasNextPage={hasNextPage} isFetchingNextPage={isFetchingNextPage} fetchNextPage={fetchNextPage} />
    </Panel>
  )
}
