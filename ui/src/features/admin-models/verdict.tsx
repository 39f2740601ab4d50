import { Gauge, TriangleAlert } from 'lucide-react'
import type { MemoryVerdict } from '@/api/types'
import { t } from '@/lib/i18n'
import { formatBytes, formatNumber } from '@/lib/i18n/format'

/** "Fits: 5.1 of 24 GB, about 9 tokens/s here". */
export function verdictText(verdict: MemoryVerdict): string {
  const fit = t(verdict.fits ? 'models.fits' : 'models.fits_not', {
    needs: formatBytes(verdict.needs_bytes),
    budget: formatBytes(verdict.budget_bytes),
  })
  return verdict.tokens_per_second === null || !verdict.fits
    ? fit
    : t('models.fits_speed', { fit, speed: formatNumber(verdict.tokens_per_second) })
}

/** What this machine makes of a model, in one line. */
export function VerdictLine({ verdict }: { verdict: MemoryVerdict }) {
  const Icon = verdict.fits ? Gauge : TriangleAlert
  return (
    <p
      className={`mt-3 flex items-start gap-2 text-[13px] ${verdict.fits ? 'text-ink-2' : 'text-warn'}`}
      title={verdict.fits ? verdict.sentence : undefined}
    >
      <Icon size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
      {verdictText(verdict)}
    </p>
  )
}
