import type { Node } from './message'

const FROM = 'AEIOUYaeiouycnsz'
const TO = 'ÅÉÎÖÛÝåéîöûýçñšž'
/** Growth room every layout must have: translations are up to 40 % longer than English. */
const GROWTH = 0.4

const accent = (text: string) => [...text].map((char) => (FROM.includes(char) ? TO.charAt(FROM.indexOf(char)) : char)).join('')

function accentAll(nodes: Node[]): Node[] {
  return nodes.map((node) => {
    if (typeof node === 'string') return accent(node)
    if (node.kind === 'tag') return { ...node, children: accentAll(node.children) }
    if (node.kind !== 'choice') return node
    return { ...node, options: Object.fromEntries(Object.entries(node.options).map(([name, option]) => [name, accentAll(option)])) }
  })
}

/** The pseudo-locale: accented, bracketed and 40 % longer, so that untranslated and cut text shows. */
export function pseudo(nodes: Node[]): Node[] {
  const length = nodes.reduce((sum, node) => sum + (typeof node === 'string' ? node.length : 8), 0)
  return ['⟦', ...accentAll(nodes), ` ${'·'.repeat(Math.max(1, Math.ceil(length * GROWTH)))}⟧`]
}
