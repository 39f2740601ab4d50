import type { RatingResult } from '@/api/types'
import { type Cell, csvTable, rounded } from '@/lib/csv'

/** The results as a table for other programs; `head` names the columns. */
export function csvOf(head: readonly string[], results: readonly RatingResult[], playground: string): string {
  const rows = results.map((row): Cell[] => [
    row.agent?.name ?? playground,
    row.model,
    row.ratings,
    row.up,
    rounded(row.up_share, 4),
    row.ratings > 0 ? rounded(row.up_share_low, 4) : null,
    row.ratings > 0 ? rounded(row.up_share_high, 4) : null,
    row.compared,
    row.best,
    rounded(row.first_token_ms, 0),
    rounded(row.tokens_per_second, 1),
  ])
  return csvTable(head, rows)
}
