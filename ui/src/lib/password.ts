export type Strength = 'empty' | 'weak' | 'fair' | 'good' | 'strong'

/** The least the node takes. */
export const PASSWORD_LENGTH_MIN = 10
/** Bits at which an offline attack on argon2id stops being cheap, then practical, then thinkable. */
const BITS = { fair: 45, good: 70, strong: 90 } as const
const CLASSES: readonly [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/\d/, 10],
  [/[^a-zA-Z\d\s]/, 33],
  [/\s/, 1],
]

/** How many characters carry surprise: repeats and runs such as `aaa`, `abc` or `321` count once, not each. */
function surprises(password: string): number {
  const codes = [...password].map((char) => char.toLowerCase().codePointAt(0) ?? 0)
  return codes.filter((code, at) => at === 0 || Math.abs(code - (codes[at - 1] ?? Number.NaN)) > 1).length
}

/** A rough estimate in the browser; the node applies its own rule. An upper bound: known passwords are not looked up. */
export function strengthOf(password: string): Strength {
  if (password === '') return 'empty'
  const alphabet = CLASSES.reduce((sum, [pattern, size]) => sum + (pattern.test(password) ? size : 0), 0)
  const distinct = new Set(password.toLowerCase()).size
  const bits = Math.min(surprises(password), distinct * 2) * Math.log2(Math.max(2, alphabet))
  if ([...password].length < PASSWORD_LENGTH_MIN || bits < BITS.fair) return 'weak'
  if (bits < BITS.good) return 'fair'
  return bits < BITS.strong ? 'good' : 'strong'
}
