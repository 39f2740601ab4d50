import type { Agent } from '@/api/types'
import { CopyButton } from '@/components/copy'
import { ManifestView } from '@/components/manifest-view'
import { t } from '@/lib/i18n'

/** The manifest as its author wrote it, and the checksum by which it can be compared. */
export function Manifest({ agent }: { agent: Agent }) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <dl className="min-w-0 flex-1 basis-[240px]">
          <dt className="text-[13px] text-ink-2">{t('agent.sha')}</dt>
          <dd className="font-mono text-[12px] break-all text-ink-2">{agent.sha256}</dd>
        </dl>
        <CopyButton text={agent.manifest_yaml} />
      </div>
      <ManifestView text={agent.manifest_yaml} label={t('agent.manifest_label')} />
    </div>
  )
}
