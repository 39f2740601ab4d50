import { newKey } from '@/api/client'
import type { ProviderModel } from '@/api/types'

/** The node counts millionths of a credit per million tokens; people enter credits. */
const MICRO = 1_000_000
const CONTEXT_USUAL = 32_768

/** A model of a provider as it stands in the form: every figure a text. */
export type PriceRow = {
  key: string
  title: string | undefined
  name: string
  kind: 'generative' | 'embedding'
  context: string
  input: string
  cached: string
  output: string
}

export const newRow = (): PriceRow => ({
  key: newKey(),
  title: undefined,
  name: '',
  kind: 'generative',
  context: String(CONTEXT_USUAL),
  input: '0',
  cached: '0',
  output: '0',
})

export const toRow = (model: ProviderModel): PriceRow => ({
  key: newKey(),
  title: model.title,
  name: model.name,
  kind: model.kind === 'embedding' ? 'embedding' : 'generative',
  context: String(model.context_length ?? CONTEXT_USUAL),
  input: String((model.price?.input ?? 0) / MICRO),
  cached: String((model.price?.cached ?? 0) / MICRO),
  output: String((model.price?.output ?? 0) / MICRO),
})

const micro = (text: string) => Math.round(Number(text) * MICRO)

export const fromRow = (row: PriceRow): ProviderModel => ({
  name: row.name.trim(),
  ...(row.title === undefined || row.title === row.name ? {} : { title: row.title }),
  kind: row.kind,
  context_length: Number(row.context) || CONTEXT_USUAL,
  price: { input: micro(row.input), cached: micro(row.cached), output: micro(row.output) },
})
