import { type ComponentProps, forwardRef } from 'react'

const base =
  'inline-flex items-center justify-center gap-2 font-semibold transition-colors disabled:cursor-not-allowed disabled:opacity-55 whitespace-nowrap'
const kinds = {
  brand: 'btn-brand',
  outline: 'border border-field bg-surface/70 hover:border-brand hover:text-brand',
  quiet: 'text-ink-2 hover:bg-surface-2 hover:text-ink',
  soft: 'bg-brand-soft text-brand hover:bg-brand-fill hover:text-white',
  danger: 'border border-danger/60 text-danger hover:bg-danger/10',
} as const
const sizes = {
  sm: 'h-9 rounded-[11px] px-3.5 text-[13.5px]',
  md: 'h-11 rounded-[14px] px-5 text-[14.5px]',
  lg: 'h-12 rounded-[15px] px-6 text-[15px]',
} as const
export type Kind = keyof typeof kinds
/** Class string, so links can look like buttons without nesting. */
export const btn = (kind: Kind = 'brand', size: keyof typeof sizes = 'md', more = '') => `${base} ${kinds[kind]} ${sizes[size]} ${more}`

export const Button = forwardRef<HTMLButtonElement, ComponentProps<'button'> & { kind?: Kind; size?: keyof typeof sizes }>(function Button(
  { kind = 'brand', size = 'md', className = '', ...p },
  ref,
) {
  return <button ref={ref} type="button" className={btn(kind, size, className)} {...p} />
})

export function IconButton({ label, className = '', ...p }: ComponentProps<'button'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`relative grid size-10 shrink-0 place-items-center rounded-[13px] text-ink-2 transition-colors hover:bg-surface-2 hover:text-ink ${className}`}
      {...p}
    />
  )
}

export const KeyHint = ({ k, className = '' }: { k: string; className?: string }) => <kbd className={`kbd ${className}`}>{k}</kbd>
