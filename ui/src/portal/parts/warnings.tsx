import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import { api } from '../api/client'
import { useCan } from '../session'

/** What an operator of the server should look at, for who may know. */
export function Warnings() {
  const observe = useCan('server.observe')
  const { data } = useQuery({ queryKey: ['server'], queryFn: ({ signal }) => api.get('/api/server', { signal }), enabled: observe })
  if (!data || data.warnings.length === 0) return null
  return (
    <details className="rise mb-4 rounded-[20px] border border-warn/40 bg-warn/10 px-4 py-3 text-[14px]">
      <summary className="flex cursor-pointer items-center gap-2.5 font-medium">
        <TriangleAlert size={17} className="shrink-0 text-warn" aria-hidden="true" />
        {t('portal.warnings', { count: data.warnings.length })}
      </summary>
      <ul className="mt-2 grid gap-1.5 ps-7 text-ink-2">
        {data.warnings.map((warning) => (
          <li key={warning}>{sentence(warning)}</li>
        ))}
      </ul>
    </details>
  )
}
