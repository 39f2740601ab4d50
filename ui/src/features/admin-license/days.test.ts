import { expect, test } from 'vitest'
import type { LicenseStatus } from '@/api/types'
import { daysBetween, lineOf } from './days'

test('days are whole and never negative', () => {
  expect(daysBetween('2026-01-01T00:00:00Z', '2026-01-02T23:00:00Z')).toBe(1)
  expect(daysBetween('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).toBe(0)
})

test('the line ends with the days of grace', () => {
  const license = { issued_at: '2026-01-01T00:00:00Z', term_end: '2026-01-09T00:00:00Z', grace_end: '2026-01-11T00:00:00Z' }
  const status = { license, effective_time: '2026-01-06T00:00:00Z' } as unknown as LicenseStatus
  expect(lineOf(status)).toMatchObject({ endShare: 0.8, nowShare: 0.5, trial: false })
  const perpetual = { license: { ...license, term_end: null, grace_end: null } } as unknown as LicenseStatus
  expect(lineOf(perpetual)).toBeNull()
})
