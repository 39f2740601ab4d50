import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const ABOVE_THE_FOLD = /(\/|^)(geist|funnel-display)-latin-wght-normal/

/** Preloads the two latin faces used above the fold: their hashed names are only known after bundling. */
const preloadFonts: Plugin = {
  name: 'preload-fonts',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, context) =>
      Object.keys(context.bundle ?? {})
        .filter((file) => ABOVE_THE_FOLD.test(file))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `/${file}` },
          injectTo: 'head-prepend',
        })),
  },
}

/**
 * The first page carries a list of every file that any page needs, so its length counts. It names files by their hashes alone, and leaves out
 * what index.html loads anyway (`base`) and single icons, which are small and come with the file that shows them. manifest.json has the names.
 */
const ALWAYS_LOADED: readonly string[] = ['react', 'tanstack', 'rolldown-runtime', 'createLucideIcon', 'queries']
const ICON = /lucide-react[\\/]dist[\\/]esm[\\/]icons[\\/]/
function fileNameOf(chunk: { name: string; moduleIds: string[] }): string {
  if (ALWAYS_LOADED.includes(chunk.name)) return 'assets/base-[hash].js'
  return chunk.moduleIds.every((id) => ICON.test(id)) ? 'assets/icon-[hash].js' : 'assets/[hash].js'
}
const notListed = (file: string) => /\/(base|icon)-/.test(file)

const node = process.env.GUILDHALL_URL ?? 'https://localhost:8443'
// The node of a developer signs its own certificate.
const proxy = Object.fromEntries(
  ['/api', '/healthz', '/readyz', '/openapi.json'].map((path) => [path, { target: node, secure: false, changeOrigin: true }]),
)

export default defineConfig({
  plugins: [react(), tailwind(), preloadFonts],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { proxy },
  build: {
    target: 'es2022',
    manifest: true,
    // The content security policy forbids data: URLs in styles and scripts.
    assetsInlineLimit: 0,
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_file, files, { hostType }) => (hostType === 'js' ? files.filter((file) => !notListed(file)) : files),
    },
    rolldownOptions: {
      output: {
        chunkFileNames: fileNameOf,
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 30 },
            {
              name: 'tanstack',
              test: /node_modules[\\/]@tanstack[\\/](react-router|router-core|history|react-query|query-core|store|react-store)/,
              priority: 20,
            },
          ],
        },
      },
    },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], setupFiles: ['src/test-setup.ts'] },
})
