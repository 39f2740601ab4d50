import { useQuery } from '@tanstack/react-query'
import { HardDriveUpload } from 'lucide-react'
import { modelQueries } from '@/api/model-queries'
import { Command } from '@/components/command'
import { ErrorState } from '@/components/error-state'
import { Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { DropZone } from './drop-zone'
import { RefusedFiles } from './refused-files'
import { UploadCard } from './upload-card'

/** Bringing a model: the drop zone, what is on its way, and the command for those at the machine. */
export function ImportPanel({ beam }: { beam: boolean }) {
  const { data, error, refetch } = useQuery(modelQueries.uploads())
  return (
    <Panel title={t('models.import')} icon={HardDriveUpload} className={beam ? 'beam' : ''}>
      {beam ? (
        <p className="mb-4 text-[14.5px]">
          <b className="font-semibold">{t('models.no_large')}.</b> <span className="text-ink-2">{t('models.no_large_text')}</span>
        </p>
      ) : null}
      <DropZone />
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data && data.items.length > 0 ? (
        <ul aria-label={t('upload.list')} className="mt-4 grid gap-3">
          {data.items.map((upload) => (
            <UploadCard key={upload.id} upload={upload} />
          ))}
        </ul>
      ) : null}
      <RefusedFiles />
      <p className="mt-5 mb-2.5 text-[13.5px] text-ink-2">{t('models.import_machine')}</p>
      <Command text="guildhall models import FILE.gguf --data-dir DIR" />
    </Panel>
  )
}
