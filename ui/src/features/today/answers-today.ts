import type { UsageReport } from '@/api/types'

const DAY_MS = 86_400_000

/** How many answers an employee gave in the last 24 hours; `more` when the list of answers ends before the day does. */
export type AnswersToday = { count: number; more: boolean }

/** Counts by employee, from the usage list (newest first) as far as it has been read. */
export function answersToday(pages: readonly UsageReport[], now: number): (ve: string) => AnswersToday {
  const rows = pages.flatMap((page) => page.items)
  const recent = rows.filter((row) => now - Date.parse(row.created_at) < DAY_MS)
  const more = recent.length === rows.length && (pages.at(-1)?.next_cursor ?? null) !== null
  const counts = new Map<string, number>()
  for (const { ve_id } of recent) if (ve_id !== null) counts.set(ve_id, (counts.get(ve_id) ?? 0) + 1)
  return (ve) => ({ count: counts.get(ve) ?? 0, more })
}
