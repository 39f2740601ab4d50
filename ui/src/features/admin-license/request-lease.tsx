import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Download, Usb } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { LicenseRequest, LicenseStatus } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Panel } from '@/components/page'
import { StepRail } from '@/components/steprail'
import { download } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { formatDate, formatNumber } from '@/lib/i18n/format'

/** The exchange of a request for a lease, step by step, with files that people carry. */
export function RequestLease({ status }: { status: LicenseStatus }) {
  const client = useQueryClient()
  const [reading, setReading] = useState(false)
  const make = useMutation({
    mutationFn: () => api.post('/api/license/request', { body: { license_id: null } }),
    onSuccess: (request) => {
      save(request)
      return client.invalidateQueries({ queryKey: [...keys.license, 'history'] })
    },
  })
  const request = make.data
  const lease = status.license?.lease
  const answered = request !== undefined && lease !== null && lease !== undefined && lease.issued_at > String(request.says.wall_time)
  const steps = (['make', 'carry', 'load'] as const).map((step) => ({
    title: t(`license.step.${step}`),
    note: t(`license.step.${step}_note`),
  }))
  return (
    <Panel title={t('license.ask')} icon={Usb} i={5} className="lg:col-span-2">
      <p className="-mt-2 mb-5 text-[14px] text-ink-2">
        {t('license.ask_lead')} {status.license && !status.license.lease_required ? t('license.ask_not_needed') : null}
      </p>
      <div className="grid gap-6 md:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)]">
        <StepRail label={t('license.ask')} steps={steps} at={answered ? 3 : request ? 1 : 0} />
        <div className="grid content-center gap-3 rounded-[18px] bg-surface-2 p-5">
          <p className="font-mono text-[12.5px] break-all text-ink-2">{request?.file_name ?? `${status.install.id}.request`}</p>
          <p className="text-[13.5px] text-ink-2">
            {lease
              ? t('license.lease_until', { date: formatDate(lease.valid_until), hours: formatNumber(lease.hours_left) })
              : status.license
                ? null
                : t('license.ask_no_license')}
          </p>
          <FormError error={make.error} />
          <div className="mt-1 flex flex-wrap gap-2">
            <Button size="sm" disabled={!status.license || make.isPending} onClick={() => (request ? save(request) : make.mutate())}>
              <Download size={15} aria-hidden="true" />
              {request ? t('license.save_again') : t('license.make')}
            </Button>
            {request ? (
              <Button kind="outline" size="sm" onClick={() => setReading(true)}>
                {t('license.read_it')}
              </Button>
            ) : null}
          </div>
        </div>
      </div>
      <Dialog open={reading} onClose={() => setReading(false)} title={t('license.read_title')} size="lg">
        <Json value={request?.says} />
      </Dialog>
    </Panel>
  )
}

const save = (request: LicenseRequest) => download(request.file_name, request.text)

/** Exactly what is signed, for people to read before it leaves. */
export function Json({ value }: { value: unknown }) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keyboards must be able to scroll it too.
      tabIndex={0}
      className="max-h-[60vh] overflow-auto rounded-[14px] bg-surface-2 p-4 font-mono text-[12.5px] whitespace-pre-wrap break-words"
    >
      {JSON.stringify(value, null, 2)}
    </pre>
  )
}
