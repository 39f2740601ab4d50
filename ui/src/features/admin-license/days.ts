import type { LicenseStatus } from '@/api/types'

const DAY_MS = 24 * 3600 * 1000
/** Whole days from one instant to another, never below zero. */
export const daysBetween = (from: string, to: string): number =>
  Math.max(0, Math.floor((new Date(to).getTime() - new Date(from).getTime()) / DAY_MS))

/** Where a marked life of a licence begins and ends, and how far it has come. Shares are of the whole line, 0 to 1. */
export type Line = { begin: string; end: string; grace: string | null; endShare: number; nowShare: number; trial: boolean }

/** The line of the deciding licence, or of the trial; nothing for a licence without an end. */
export function lineOf(status: LicenseStatus): Line | null {
  const license = status.license
  if (license && !license.term_end) return null
  const begin = license ? license.issued_at : status.trial.started_at
  const end = license?.term_end ?? status.trial.ends_at
  const grace = license?.grace_end && license.grace_end !== license.term_end ? license.grace_end : null
  const at = (iso: string) => new Date(iso).getTime()
  const whole = Math.max(1, at(grace ?? end) - at(begin))
  const share = (iso: string) => Math.min(1, Math.max(0, (at(iso) - at(begin)) / whole))
  return { begin, end, grace, endShare: share(end), nowShare: share(status.effective_time), trial: !license }
}
