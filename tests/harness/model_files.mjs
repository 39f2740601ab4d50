// Model files for tests: the starter under another name, and an adapter of it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { STARTER_MODEL } from './program.mjs'

const OWN_TITLE = 'Guildhall starter'
/** Numbers in one line of the starter's weights. */
const WIDTH = 192
/** How many numbers an adapter keeps of each line. */
const RANK = 4
const ALIGNMENT = 32
const TEXT = 8
const FLOAT = 6

/** The starter under another name, since a file that is there already is refused. The name is as long as its own, so that the rest stays. */
export function renamedStarter(title) {
  const bytes = fs.readFileSync(STARTER_MODEL)
  const at = bytes.indexOf(OWN_TITLE)
  assert.ok(at > 0 && Buffer.byteLength(title) === OWN_TITLE.length, 'the starter names itself in its header')
  bytes.write(title, at)
  return bytes
}

/** A LoRA adapter for the starter, or for it under another name, that changes what its first layer passes on; GGUF version 3. */
export function adapterOfStarter(title) {
  const numbers = Float32Array.from({ length: WIDTH * RANK }, (_, index) => ((index * 7919) % 101) / 500 - 0.1)
  const bytes = Buffer.from(numbers.buffer)
  const facts = [
    ['general.type', 'adapter'],
    ['general.architecture', 'llama'],
    ['general.name', title],
    ['general.license', 'apache-2.0'],
    ['adapter.type', 'lora'],
  ].map(([key, value]) => Buffer.concat([text(key), uint32(TEXT), text(value)]))
  facts.push(Buffer.concat([text('adapter.lora.alpha'), uint32(FLOAT), Buffer.from(Float32Array.of(8).buffer)]))
  const tensors = [
    ['blk.0.attn_v.weight.lora_a', [WIDTH, RANK], 0],
    ['blk.0.attn_v.weight.lora_b', [RANK, WIDTH], bytes.length],
  ].map(([name, sizes, at]) => Buffer.concat([text(name), uint32(sizes.length), ...sizes.map(uint64), uint32(0), uint64(at)]))
  const head = Buffer.concat([Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(facts.length), ...facts, ...tensors])
  const padding = Buffer.alloc((ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT)
  return Buffer.concat([head, padding, bytes, bytes])
}

function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function text(value) {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)])
}
