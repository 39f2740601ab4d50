const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/** The domain in what a person typed: `Anna@Example.com`, `@example.com`, `https://example.com/x` and `*.example.com` all name `example.com`. */
export function domainIn(text: string): string | null {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/[/?#].*$/, '')
    .replace(/^.*@/, '')
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
  const labels = bare.split('.')
  return labels.length > 1 && bare.length <= 253 && labels.every((label) => LABEL.test(label)) ? bare : null
}
