// Starts and stops the real program, the way a person or a service manager would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'

const ROOT = new URL('../../', import.meta.url).pathname
/** The program under test; `make test` sets it. */
export const PROGRAM = process.env.GUILDHALL_BIN ?? path.join(ROOT, 'target/test/guildhall')
/** A model file that ships with the source. */
export const STARTER_MODEL = path.join(ROOT, 'models/starter/starter.gguf')

const READY_MAX_MS = 60_000
const STOP_MAX_MS = 30_000

/**
 * What a test leaves behind, put away in reverse order when it ends. `test` is the context of a test, or `{ after }` of
 * node:test inside a group.
 */
export function scope(test) {
  const steps = []
  test.after(async () => {
    for (const step of steps.reverse()) await step()
  })
  return { after: (step) => steps.push(step) }
}

/** A new empty folder, deleted at the end of the scope. */
export function temporaryFolder(place) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'guildhall-test-'))
  place.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a command of the program to its end. */
export async function run(...parameters) {
  const child = spawn(PROGRAM, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, ...output }
}

/** Makes the first organisation on a stopped node; returns who administers it. */
export async function init(dataDir, organisation = 'Linden & Vale') {
  const administrator = { email: 'robin@example.test', password: 'correct horse battery staple' }
  const file = `${dataDir}.password`
  fs.writeFileSync(file, `${administrator.password}\n`, { mode: 0o600 })
  const done = await run(
    ...['init', '--data-dir', dataDir, '--org', organisation],
    ...['--admin', administrator.email, '--password-file', file],
  )
  fs.rmSync(file)
  if (done.code !== 0) throw new Error(`guildhall init failed: ${done.stderr}`)
  return administrator
}

/** Makes an API key, on a running or a stopped node. */
export async function createApiKey(dataDir, email) {
  const done = await run('apikey', 'create', '--data-dir', dataDir, '--user', email, '--name', 'test', '--json')
  if (done.code !== 0) throw new Error(`guildhall apikey create failed: ${done.stderr}`)
  return JSON.parse(done.stdout)
}

/** A running node. */
export class RunningNode {
  #child
  /** Lines of standard output so far. */
  lines = []
  /** Standard error so far: the log. */
  log = ''
  /** From the start of the process to its ready line. */
  readyAfterMs = 0
  /** Where it answers, without a final slash. */
  url = ''

  /** Starts `guildhall serve` on a port the system chooses and waits for its ready line; killed at the end of the scope. */
  static async start(place, dataDir, ...options) {
    const node = new RunningNode()
    const began = performance.now()
    const parameters = ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', ...options]
    node.#child = spawn(PROGRAM, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    place.after(() => node.kill())
    node.#child.stderr.setEncoding('utf8').on('data', (text) => {
      node.log += text
    })
    const ready = withResolvers()
    readline.createInterface({ input: node.#child.stdout }).on('line', (line) => {
      node.lines.push(line)
      const address = /^guildhall ready on (\S+)$/.exec(line)
      if (address) ready.resolve(address[1])
    })
    node.#child.once('close', (code) => ready.reject(new Error(`the node ended with ${code}: ${node.log}`)))
    const late = setTimeout(() => ready.reject(new Error(`the node is not ready in time: ${node.log}`)), READY_MAX_MS)
    try {
      node.url = await ready.promise
    } finally {
      clearTimeout(late)
    }
    node.readyAfterMs = performance.now() - began
    return node
  }

  get process_id() {
    return this.#child.pid
  }

  /** The one-time link of an empty node. */
  get setupLink() {
    const line = this.lines.find((text) => text.includes('/setup#token='))
    return line?.slice(line.indexOf('http'))
  }

  /** Ends the process as a power failure would. */
  async kill() {
    await this.#end('SIGKILL')
  }

  /** Asks the process to stop and returns its exit code. */
  async stop() {
    return this.#end('SIGTERM')
  }

  async #end(signal) {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const closed = once(child, 'close')
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS)
    const [code] = await closed
    clearTimeout(late)
    return code
  }
}

/** `Promise.withResolvers`, which Node.js 20 does not have. */
function withResolvers() {
  const resolvers = {}
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }))
  return resolvers
}
