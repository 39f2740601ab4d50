import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { api, buildUrl, changeHeaders, send } from '@/api/client'
import { ApiError, isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { Page, Upload } from '@/api/types'

/** A file on its way from this tab. `waiting`: the node did not answer, the next try comes by itself. */
export type Transfer = {
  file: File
  state: 'sending' | 'paused' | 'waiting' | 'stopped'
  bytesPerSecond: number | null
  error: unknown
}

const PIECE_FIRST_BYTES = 1 << 20
const PIECE_LEAST_BYTES = 256 << 10
/** A piece should take about this long, so that progress moves and a pause loses little. */
const PIECE_AIM_MS = 700
const RETRY_MS = [1_000, 2_000, 5_000, 10_000] as const
/** How much the newest piece says about the speed. */
const SPEED_WEIGHT = 0.3

const transfers = new Map<string, Transfer>()
const pauses = new Map<string, AbortController>()
const watchers = new Set<() => void>()

function set(id: string, transfer: Transfer | null) {
  if (transfer) transfers.set(id, transfer)
  else transfers.delete(id)
  for (const watcher of watchers) watcher()
}
const change = (id: string, part: Partial<Transfer>) => {
  const now = transfers.get(id)
  if (now) set(id, { ...now, ...part })
}
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** How the upload goes from this tab; undefined when this tab has no file for it. Uploads go on while other pages are shown. */
export const useTransfer = (id: string): Transfer | undefined => useSyncExternalStore(watch, () => transfers.get(id))

/** Whether `file` is the one that an earlier visit began to send. Its name and size have to do: hashing it would take as long as sending. */
export const belongsTo = (file: { name: string; size: number }, upload: Upload) =>
  upload.state === 'receiving' && upload.file_name === file.name && upload.size_bytes === file.size

/** How large the next piece should be after one of `bytes` took `ms`. */
export function nextPieceBytes(bytes: number, ms: number, most: number): number {
  const ideal = (bytes * PIECE_AIM_MS) / Math.max(ms, 1)
  // Growing by at most twice, so that one lucky piece does not become a long one.
  return Math.round(Math.min(most, Math.max(PIECE_LEAST_BYTES, Math.min(ideal, bytes * 2))))
}

function keep(client: QueryClient, upload: Upload) {
  client.setQueryData<Page<Upload>>(keys.uploads, (page) => {
    if (!page) return page
    const known = page.items.some((item) => item.id === upload.id)
    return { ...page, items: known ? page.items.map((item) => (item.id === upload.id ? upload : item)) : [...page.items, upload] }
  })
}

async function sendPiece(upload: Upload, bytes: ArrayBuffer, signal: AbortSignal): Promise<Upload> {
  const url = buildUrl('/api/admin/models/uploads/{id}', { id: upload.id }, { offset: upload.received_bytes })
  const headers = { ...changeHeaders(false), accept: 'application/json', 'content-type': 'application/octet-stream' }
  const response = await send(url, { method: 'PATCH', headers, body: bytes, signal })
  return response.json()
}

/** Reads a part of the file. Fails when the stick was pulled or the file changed. */
async function read(file: File, from: number, to: number): Promise<ArrayBuffer> {
  try {
    return await file.slice(from, to).arrayBuffer()
  } catch {
    throw new ApiError({ code: 'upload_unreadable', message: 'the file can no longer be read', status: 0 })
  }
}

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** Whether trying again may help: the node is away or busy, or a piece broke off half-way. */
const passes = (error: unknown) =>
  isApiError(error, 'unreachable') || isApiError(error, 'upload_busy') || isApiError(error, 'offset_mismatch') || isBusy(error)
const isBusy = (error: unknown) => isApiError(error) && error.status >= 502 && error.status <= 504

/** Sends piece after piece until the file is whole, refused, paused or cannot go on. */
async function run(client: QueryClient, first: Upload, file: File) {
  const pause = new AbortController()
  pauses.set(first.id, pause)
  const { signal } = pause
  let upload = first
  let bytes = PIECE_FIRST_BYTES
  let speed: number | null = null
  let failures = 0
  set(first.id, { file, state: 'sending', bytesPerSecond: null, error: null })
  while (!signal.aborted && upload.state === 'receiving') {
    try {
      if (failures > 0) upload = await api.get('/api/admin/models/uploads/{id}', { path: { id: first.id }, signal })
      const piece = await read(file, upload.received_bytes, upload.received_bytes + bytes)
      const started = performance.now()
      upload = await sendPiece(upload, piece, signal)
      const ms = performance.now() - started
      const now = (piece.byteLength * 1000) / Math.max(ms, 1)
      speed = speed === null ? now : speed + SPEED_WEIGHT * (now - speed)
      bytes = nextPieceBytes(piece.byteLength, ms, upload.chunk_bytes_max)
      failures = 0
      keep(client, upload)
      change(first.id, { state: 'sending', bytesPerSecond: speed, error: null })
    } catch (error) {
      if (signal.aborted) return
      if (!passes(error)) {
        change(first.id, { state: 'stopped', bytesPerSecond: null, error })
        return
      }
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 10_000
      failures += 1
      if (failures > 1) change(first.id, { state: 'waiting', bytesPerSecond: null })
      await sleep(wait, signal)
    }
  }
  if (!signal.aborted) set(first.id, null)
}

/** Begins an upload, or goes on with the one this file belongs to. Throws the node's refusal. */
export async function upload(client: QueryClient, file: File) {
  const { items } = await api.get('/api/admin/models/uploads')
  const known = items.find((item) => belongsTo(file, item) && transfers.get(item.id)?.state !== 'sending')
  const begun = known ?? (await api.post('/api/admin/models/uploads', { body: { file_name: file.name, size_bytes: file.size } }))
  keep(client, begun)
  void run(client, begun, file)
}

/** Goes on after a pause, a failure or a reload, from what the node has. */
export async function resume(client: QueryClient, id: string, file: File) {
  change(id, { state: 'sending', error: null })
  try {
    const now = await api.get('/api/admin/models/uploads/{id}', { path: { id } })
    keep(client, now)
    await run(client, now, file)
  } catch (error) {
    change(id, { state: 'stopped', error })
  }
}

/** Stops sending; what has arrived stays on the node. */
export function pause(id: string) {
  pauses.get(id)?.abort()
  change(id, { state: 'paused', bytesPerSecond: null })
}

/** Forgets the file, before its upload is deleted. */
export function forget(id: string) {
  pauses.get(id)?.abort()
  pauses.delete(id)
  set(id, null)
}
