// Writes .br and .gz beside every text file of dist (or of the folder named), so that the node never compresses while it serves.
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'

const DIST = new URL(`../${process.argv[2] ?? 'dist'}/`, import.meta.url).pathname
const TEXT = /\.(js|css|html|svg|json|webmanifest|txt)$/
/** Below this a compressed copy saves less than its headers cost. */
const SIZE_MIN_BYTES = 512

const files = fs
  .readdirSync(DIST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && TEXT.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name))
  .filter((file) => !file.includes('/.vite/'))

let before = 0
let after = 0
for (const file of files) {
  const source = fs.readFileSync(file)
  if (source.length < SIZE_MIN_BYTES) continue
  const brotli = zlib.brotliCompressSync(source, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: source.length },
  })
  const gzip = zlib.gzipSync(source, { level: 9 })
  if (brotli.length < source.length) fs.writeFileSync(`${file}.br`, brotli)
  if (gzip.length < source.length) fs.writeFileSync(`${file}.gz`, gzip)
  before += source.length
  after += brotli.length
}
console.log(`compressed ${files.length} files: ${(before / 1000).toFixed(0)} kB as ${(after / 1000).toFixed(0)} kB of brotli`)
