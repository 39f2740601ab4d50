import { t } from '@/lib/i18n'

/** One block of a skeleton; give it the size of what will stand there. */
export const Bone = ({ className = '' }: { className?: string }) => <span className={`bone block rounded-[10px] ${className}`} />

/** A skeleton shaped like a list of rows; named for screen readers once, not per row. */
export function RowsSkeleton({ rows = 4, className = '' }: { rows?: number; className?: string }) {
  return (
    <div role="status" aria-label={t('loading.page')} className={`grid gap-4 ${className}`}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-3.5">
          <Bone className="size-10 shrink-0 rounded-full" />
          <span className="grid flex-1 gap-2">
            <Bone className="h-3.5 w-2/5" />
            <Bone className="h-3 w-3/5" />
          </span>
        </div>
      ))}
    </div>
  )
}

/** A skeleton shaped like a grid of cards. */
export function CardsSkeleton({ cards = 3, className = 'sm:grid-cols-2 xl:grid-cols-3' }: { cards?: number; className?: string }) {
  return (
    <div role="status" aria-label={t('loading.page')} className={`grid gap-4 ${className}`}>
      {Array.from({ length: cards }, (_, card) => (
        <div key={card} className="panel grid gap-3 p-5">
          <span className="flex items-center gap-3">
            <Bone className="size-11 shrink-0 rounded-[14px]" />
            <span className="grid flex-1 gap-2">
              <Bone className="h-4 w-1/2" />
              <Bone className="h-3 w-1/3" />
            </span>
          </span>
          <Bone className="h-3 w-full" />
          <Bone className="h-3 w-4/5" />
          <Bone className="mt-3 h-9 w-28 justify-self-end" />
        </div>
      ))}
    </div>
  )
}

/** A skeleton of a whole page, shown while its code or first data arrives. */
export function PageSkeleton() {
  return (
    <div>
      <div className="mb-6 grid grid-cols-[minmax(0,1fr)] gap-3 px-1">
        <Bone className="h-8 w-64 max-w-full" />
        <Bone className="h-4 w-96 max-w-full" />
      </div>
      <CardsSkeleton />
    </div>
  )
}
