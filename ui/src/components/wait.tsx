import '@/lib/i18n/en/signin'
import { useEffect, useState } from 'react'
import { isApiError } from '@/api/error'
import { t } from '@/lib/i18n'

/** Seconds left to wait after the node has refused further tries; it counts down by itself. */
export function useWait(error: unknown): number {
  const [seconds, setSeconds] = useState(0)
  const running = seconds > 0
  useEffect(() => {
    if (isApiError(error, 'too_many_attempts') && error.retry_after_seconds) setSeconds(error.retry_after_seconds)
  }, [error])
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => setSeconds((left) => Math.max(0, left - 1)), 1_000)
    return () => clearInterval(timer)
  }, [running])
  return seconds
}

/** The node lets nobody try again before this time is over. */
export const Wait = ({ seconds }: { seconds: number }) => (
  <p role="status" className="rounded-[14px] border border-warn/40 bg-warn/10 px-3.5 py-3 text-[14px] text-warn">
    {t('signin.wait', { seconds })}
  </p>
)
