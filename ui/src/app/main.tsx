import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '../styles.css'
import { applyEffects } from '@/lib/effects'
import { onPreferenceChange } from '@/lib/preferences'
import { applyTheme, followTheme } from '@/lib/theme'
import { client, router } from './router'

applyTheme()
applyEffects()
followTheme()
onPreferenceChange(applyEffects)

// A page change that overtakes another ends its transition early, which the browser reports as a rejection that nobody waits for.
addEventListener('unhandledrejection', (event) => {
  const { reason } = event
  if (reason instanceof DOMException && reason.name === 'AbortError' && /transition/i.test(reason.message)) event.preventDefault()
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}
