/** Which rows of a long list stand on the page: `first` to `last`, with the height of what is left out before and after them. */
export type Span = { first: number; last: number; before: number; after: number }

/**
 * The rows that a view from `top` to `bottom` (pixels from the beginning of the list) can see, with `overscan` more on each side.
 * The last row is never left out: it may be growing, and its height is not known.
 */
export function windowOf(sizes: readonly number[], gap: number, view: { top: number; bottom: number }, overscan: number): Span {
  const end = sizes.length - 1
  let first = 0
  let offset = 0
  while (first < end && offset + (sizes[first] ?? 0) < view.top) {
    offset += (sizes[first] ?? 0) + gap
    first += 1
  }
  let last = first
  let reach = offset + (sizes[last] ?? 0)
  while (last < end && reach < view.bottom) {
    last += 1
    reach += gap + (sizes[last] ?? 0)
  }
  first = Math.max(0, first - overscan)
  last = Math.min(end, last + overscan)
  // One row more or less than all before the last saves nothing.
  if (last === end - 1) last = end
  const height = (from: number, to: number) => sizes.slice(from, to).reduce((sum, size) => sum + size + gap, 0)
  return { first, last, before: height(0, first), after: height(last + 1, end) }
}

/** The rows of a span and the last row of all, in order. */
export function rowsOf(span: Span, count: number): number[] {
  const rows = Array.from({ length: Math.max(0, span.last - span.first + 1) }, (_, row) => span.first + row)
  return span.last < count - 1 ? [...rows, count - 1] : rows
}
