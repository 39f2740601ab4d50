import { useQuery } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { queries } from '@/api/queries'
import type { Message } from '@/api/types'
import { IconButton } from '@/components/button'
import { t } from '@/lib/i18n'

/** Lets the reader look at the earlier versions of a message. They are read only when somebody asks for one. */
export function useVersions(ve: string, message: Message) {
  const [wanted, setWanted] = useState<number | null>(null)
  const at = wanted ?? message.version
  const { data } = useQuery({ ...queries.versions(ve, message.id), enabled: wanted !== null && wanted !== message.version })
  const older = at === message.version ? undefined : data?.items.find((version) => version.version === at)
  return { shown: older ?? message, isOld: older !== undefined, at, all: message.versions, onPick: setWanted }
}

/** "2 / 3" with a way back and forth; nothing where there is one version only. */
export function VersionPager({ at, all, onPick }: { at: number; all: number; onPick: (version: number) => void }) {
  if (all < 2) return null
  return (
    <span className="flex items-center">
      <IconButton label={t('chat.version_before')} disabled={at <= 1} className="disabled:opacity-40" onClick={() => onPick(at - 1)}>
        <ChevronLeft size={16} className="rtl:-scale-x-100" />
      </IconButton>
      <span className="font-mono text-[12px] text-ink-3 tabular-nums">
        <span className="sr-only">{t('chat.versions', { at, all })}</span>
        <span aria-hidden="true">
          {at}/{all}
        </span>
      </span>
      <IconButton label={t('chat.version_after')} disabled={at >= all} className="disabled:opacity-40" onClick={() => onPick(at + 1)}>
        <ChevronRight size={16} className="rtl:-scale-x-100" />
      </IconButton>
    </span>
  )
}
