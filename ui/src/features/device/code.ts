/** Letters of a user code. */
const LETTERS = 8

/** A code as it is shown: letters alone, in two halves, however it was typed. */
export function codeOf(typed: string): string {
  const letters = typed
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, LETTERS)
  return letters.length > LETTERS / 2 ? `${letters.slice(0, LETTERS / 2)}-${letters.slice(LETTERS / 2)}` : letters
}

export const isWholeCode = (code: string): boolean => code.replace('-', '').length === LETTERS
