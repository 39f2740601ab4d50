/** A parsed message: ICU arguments, plurals and selects, and `<tag>` parts for rich text. */
export type Node =
  | string
  | { kind: 'argument'; name: string }
  | { kind: 'choice'; name: string; how: 'plural' | 'select'; options: Record<string, Node[]> }
  | { kind: 'number' }
  | { kind: 'tag'; name: string; children: Node[] }

type Cursor = { text: string; at: number }

/** Parses the ICU subset in use. Throws on an unbalanced message; the catalogue test parses every message. */
export function parseMessage(text: string): Node[] {
  const cursor = { text, at: 0 }
  const nodes = parseNodes(cursor, false, null)
  if (cursor.at < text.length) throw new Error(`unbalanced message at ${cursor.at}: ${text}`)
  return nodes
}

function parseNodes(cursor: Cursor, inChoice: boolean, tag: string | null): Node[] {
  const nodes: Node[] = []
  let plain = ''
  const flush = () => {
    if (plain) nodes.push(plain)
    plain = ''
  }
  while (cursor.at < cursor.text.length) {
    const char = cursor.text.charAt(cursor.at)
    if (char === '}' && inChoice) break
    const open = /^<(\w+)>/.exec(cursor.text.slice(cursor.at))
    if (tag && cursor.text.startsWith(`</${tag}>`, cursor.at)) break
    if (char === '{') {
      flush()
      nodes.push(parseArgument(cursor))
    } else if (char === '#' && inChoice) {
      flush()
      nodes.push({ kind: 'number' })
      cursor.at += 1
    } else if (open?.[1]) {
      flush()
      nodes.push(parseTag(cursor, open[1], inChoice))
    } else {
      plain += char
      cursor.at += 1
    }
  }
  flush()
  return nodes
}

function parseTag(cursor: Cursor, name: string, inChoice: boolean): Node {
  cursor.at += name.length + 2
  const children = parseNodes(cursor, inChoice, name)
  if (!cursor.text.startsWith(`</${name}>`, cursor.at)) throw new Error(`<${name}> is not closed: ${cursor.text}`)
  cursor.at += name.length + 3
  return { kind: 'tag', name, children }
}

function parseArgument(cursor: Cursor): Node {
  const head = /^\{\s*(\w+)\s*(?:(\})|,\s*(plural|select)\s*,)/.exec(cursor.text.slice(cursor.at))
  if (!head?.[1]) throw new Error(`bad argument at ${cursor.at}: ${cursor.text}`)
  cursor.at += head[0].length
  if (head[2]) return { kind: 'argument', name: head[1] }
  const how = head[3] === 'plural' ? 'plural' : 'select'
  const options: Record<string, Node[]> = {}
  for (;;) {
    const option = /^\s*(=?\w+)\s*\{/.exec(cursor.text.slice(cursor.at))
    if (!option?.[1]) break
    cursor.at += option[0].length
    options[option[1]] = parseNodes(cursor, true, null)
    cursor.at += 1
  }
  const end = /^\s*\}/.exec(cursor.text.slice(cursor.at))
  if (!end || !options.other) throw new Error(`choice without end or 'other': ${cursor.text}`)
  cursor.at += end[0].length
  return { kind: 'choice', name: head[1], how, options }
}

/** The names a message needs values for. */
export function argumentsOf(nodes: Node[]): Set<string> {
  const names = new Set<string>()
  for (const node of nodes) {
    if (typeof node === 'string' || node.kind === 'number') continue
    if (node.kind === 'tag') for (const name of argumentsOf(node.children)) names.add(name)
    else names.add(node.name)
    if (node.kind === 'choice') for (const option of Object.values(node.options)) for (const name of argumentsOf(option)) names.add(name)
  }
  return names
}
