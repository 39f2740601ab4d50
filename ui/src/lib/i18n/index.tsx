import { Fragment, type ReactNode } from 'react'
import { preference } from '../preferences'
import { messageFor } from './catalogue'
import type { Messages } from './en'
import './en/shell'
import { formatNumber } from './format'
import { type Node, parseMessage } from './message'
import { pseudo } from './pseudo'

export type MessageKey = keyof Messages
export type Values = Record<string, string | number>
type Tags = Record<string, (children: ReactNode) => ReactNode>

const parsed = new Map<string, Node[]>()
const plural = new Intl.PluralRules('en')
const pseudoLocale = preference('locale') === 'en-XA'

/** A message whose area is not loaded shows as its key; a test keeps that from happening. */
function nodesOf(key: string): Node[] {
  const known = parsed.get(key)
  if (known) return known
  const message = messageFor(key)
  if (message === undefined) return [key]
  const nodes = parseMessage(message)
  const shown = pseudoLocale ? pseudo(nodes) : nodes
  parsed.set(key, shown)
  return shown
}

function choose(node: Extract<Node, { kind: 'choice' }>, values: Values): Node[] {
  const value = values[node.name]
  const exact = node.how === 'plural' ? node.options[`=${value}`] : node.options[String(value)]
  const category = node.how === 'plural' ? node.options[plural.select(Number(value))] : undefined
  return exact ?? category ?? node.options.other ?? []
}

const shown = (value: string | number | undefined, name: string) =>
  typeof value === 'number' ? formatNumber(value) : (value ?? `{${name}}`)

function text(nodes: Node[], values: Values, count?: number): string {
  return nodes
    .map((node) => {
      if (typeof node === 'string') return node
      if (node.kind === 'argument') return shown(values[node.name], node.name)
      if (node.kind === 'number') return formatNumber(count ?? 0)
      if (node.kind === 'tag') return text(node.children, values, count)
      return text(choose(node, values), values, Number(values[node.name]))
    })
    .join('')
}

function elements(nodes: Node[], values: Record<string, ReactNode>, tags: Tags, count?: number): ReactNode {
  return nodes.map((node, index) => {
    if (typeof node === 'string') return node
    if (node.kind === 'number') return formatNumber(count ?? 0)
    const plain = Object.fromEntries(
      Object.entries(values).filter((entry): entry is [string, string | number] => typeof entry[1] !== 'object'),
    )
    if (node.kind === 'argument') {
      const value = values[node.name]
      return <Fragment key={index}>{typeof value === 'number' ? formatNumber(value) : value}</Fragment>
    }
    if (node.kind === 'tag') {
      const children = elements(node.children, values, tags, count)
      return <Fragment key={index}>{tags[node.name]?.(children) ?? children}</Fragment>
    }
    return <Fragment key={index}>{elements(choose(node, plain), values, tags, Number(values[node.name]))}</Fragment>
  })
}

/** The message in the reader's language. Numbers among the values are formatted for the locale. */
export const t = (key: MessageKey, values: Values = {}): string => text(nodesOf(key), values)

/** A message with elements in it: `<b>…</b>` parts go through `tags`, values may be elements. */
export const rich = (key: MessageKey, tags: Tags, values: Record<string, ReactNode> = {}): ReactNode => elements(nodesOf(key), values, tags)

/** The message for a key made from data, such as an error code, when the catalogue has one. */
export const optional = (key: string): string | undefined => (messageFor(key) === undefined ? undefined : text(nodesOf(key), {}))
