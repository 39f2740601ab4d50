/** A text file that is ready to be sent. */
export type TextFile = { id: string; name: string; text: string; bytes: number }
export type RefusalReason = 'type' | 'size' | 'empty' | 'binary' | 'count'
export type Refusal = { name: string; reason: RefusalReason }

export const FILES_MAX = 8
export const FILE_BYTES_MAX = 256 * 1024
export const EXTENSIONS = ['txt', 'md', 'csv', 'json', 'log'] as const
/** Longer pasted text is kept beside the question as a file, where it can be quoted and does not fill the screen. */
export const PASTE_CHARACTERS_MAX = 4_000

let made = 0
const nextId = () => {
  made += 1
  return `file-${made}`
}

function refusalOf(file: File, count: number): RefusalReason | null {
  const extension = file.name.toLowerCase().split('.').at(-1)
  if (!EXTENSIONS.some((known) => known === extension)) return 'type'
  if (file.size > FILE_BYTES_MAX) return 'size'
  if (file.size === 0) return 'empty'
  return count >= FILES_MAX ? 'count' : null
}

/** The text of a file in UTF-8; `null` when it is something else. */
async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer())
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

/** "a.txt", then "a (2).txt": a source is known by its name. */
export function freeName(name: string, taken: readonly string[]): string {
  const dot = name.lastIndexOf('.')
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  let candidate = name
  for (let copy = 2; taken.includes(candidate); copy++) candidate = `${stem} (${copy})${end}`
  return candidate
}

/** Reads dropped or chosen files beside those already there; what cannot be read as text is refused with its reason. */
export async function readFiles(files: Iterable<File>, already: readonly TextFile[]): Promise<{ files: TextFile[]; refused: Refusal[] }> {
  const read: TextFile[] = [...already]
  const refused: Refusal[] = []
  for (const file of files) {
    const reason = refusalOf(file, read.length)
    const text = reason === null ? await textOf(file) : null
    if (reason !== null || text === null) refused.push({ name: file.name, reason: reason ?? 'binary' })
    else
      read.push({
        id: nextId(),
        name: freeName(
          file.name,
          read.map((known) => known.name),
        ),
        text,
        bytes: file.size,
      })
  }
  return { files: read, refused }
}

/** Pasted text as a file, or the reason why not. */
export function pastedFile(text: string, name: string, already: readonly TextFile[]): TextFile | Refusal {
  const bytes = new TextEncoder().encode(text).length
  if (already.length >= FILES_MAX) return { name, reason: 'count' }
  if (bytes > FILE_BYTES_MAX) return { name, reason: 'size' }
  return {
    id: nextId(),
    name: freeName(
      name,
      already.map((known) => known.name),
    ),
    text,
    bytes,
  }
}
