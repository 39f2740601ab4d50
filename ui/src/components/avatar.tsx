/** "Hanna Berg" → "HB"; one word gives its first letter. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = words[0]?.charAt(0) ?? ''
  const last = words.length > 1 ? (words.at(-1)?.charAt(0) ?? '') : ''
  return (first + last).toUpperCase()
}

/** A person's face: initials. Employees have orbs, so people and employees are never mistaken for each other. */
export function Avatar({ name, size = 40, off = false }: { name: string; size?: number; off?: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={`grid shrink-0 place-items-center rounded-full border-2 font-display font-semibold ${off ? 'border-line bg-surface-2 text-ink-3' : 'border-brand/25 bg-brand-soft text-brand'}`}
      style={{ width: size, height: size, fontSize: size * 0.34 }}
    >
      {initials(name)}
    </span>
  )
}
