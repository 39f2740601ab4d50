const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Cuts a passage around the words that were quoted from it, wherever lines break. `null` when they are not in it. */
export function splitAtQuote(passage: string, quote: string): readonly [before: string, quoted: string, after: string] | null {
  const words = quote.trim().split(/\s+/).filter(Boolean)
  if (words.length === 0) return null
  const found = new RegExp(words.map(literal).join('\\s+')).exec(passage)
  if (!found) return null
  const end = found.index + found[0].length
  return [passage.slice(0, found.index), found[0], passage.slice(end)]
}
