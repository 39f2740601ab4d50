import type { RatingResult } from '@/api/types'

type Cell = string | number | null

/** A cell by RFC 4180. Text that a spreadsheet would take for a formula is kept from being one. */
function cell(value: Cell): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const rounded = (value: number | null | undefined, digits: number) =>
  value === null || value === undefined ? null : Number(value.toFixed(digits))

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
  return [head, ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
    .concat('\r\n')
}

/** Hands a text to the browser as a file to save. */
export function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
