import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** The server serves `index.html`; the entry has a name of its own beside the node's. */
const asIndex: Plugin = {
  name: 'as-index',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler: (_options, bundle) => {
      const page = bundle['portal.html']
      if (page) page.fileName = 'index.html'
    },
  },
}

const server = process.env.GUILDHALL_LICENSE_SERVER_URL ?? 'https://localhost:8444'
const proxy = Object.fromEntries(
  ['/api', '/v1', '/openapi.json'].map((path) => [path, { target: server, secure: false, changeOrigin: true }]),
)

/** The portals of the licence server: vendor and customer. */
export default defineConfig({
  plugins: [react(), tailwind(), asIndex],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { proxy, open: '/portal.html' },
  build: {
    target: 'es2022',
    outDir: 'dist-portal',
    // The content security policy forbids data: URLs in styles and scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: new URL('./portal.html', import.meta.url).pathname },
  },
})
