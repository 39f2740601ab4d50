import { Check, TriangleAlert, X } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { t } from '@/lib/i18n'
import { IconButton } from './button'
import { errorText } from './error-state'

type ToastItem = { id: number; tone: 'success' | 'danger'; text: string }
const SHOWN_MS = 6_000
const TOASTS_MAX = 3

let toasts: readonly ToastItem[] = []
let last = 0
const watchers = new Set<() => void>()
function set(next: readonly ToastItem[]) {
  toasts = next
  for (const watcher of watchers) watcher()
}
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}
const add = (tone: ToastItem['tone'], text: string) => {
  last += 1
  set([...toasts, { id: last, tone, text }].slice(-TOASTS_MAX))
}
const remove = (id: number) => set(toasts.filter((toast) => toast.id !== id))

/** A short confirmation, or a failure that has no better place on the page. */
export const toast = {
  success: (text: string) => add('success', text),
  failure: (text: string) => add('danger', text),
  error: (error: unknown) => add('danger', errorText(error)),
}

/** Shows toasts and lets screen readers hear them; mounted once by the app. */
export function Toaster() {
  const items = useSyncExternalStore(watch, () => toasts)
  return (
    <section
      aria-label={t('toast.region')}
      aria-live="polite"
      className="pointer-events-none fixed inset-x-4 bottom-20 z-[70] flex flex-col items-center gap-2 lg:bottom-6"
    >
      {items.map((item) => (
        <Toast key={item.id} item={item} />
      ))}
    </section>
  )
}

function Toast({ item }: { item: ToastItem }) {
  useEffect(() => {
    if (item.tone === 'danger') return
    const timer = setTimeout(() => remove(item.id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [item])
  const failed = item.tone === 'danger'
  return (
    <div className="rise pointer-events-auto flex max-w-[560px] items-center gap-3 rounded-[16px] border border-line bg-surface py-2 ps-4 pe-2 text-[14px] shadow-[var(--sh-3)]">
      {failed ? (
        <TriangleAlert size={18} className="shrink-0 text-danger" aria-hidden="true" />
      ) : (
        <Check size={18} strokeWidth={2.6} className="shrink-0 text-success" aria-hidden="true" />
      )}
      <span className="min-w-0 flex-1">{item.text}</span>
      <IconButton label={t('action.close')} onClick={() => remove(item.id)}>
        <X size={16} />
      </IconButton>
    </div>
  )
}
