import { Button } from '@/components/button'
import { t } from '@/lib/i18n'

type Pages = { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }

/** The foot of a list that goes on: a button for its next page. Nothing at its end. */
export function MoreRows({ hasNextPage, isFetchingNextPage, fetchNextPage }: Pages) {
  if (!hasNextPage) return null
  return (
    <div className="border-t border-line p-4 text-center">
      <Button kind="outline" size="sm" onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
        {t('action.more')}
      </Button>
    </div>
  )
}
