import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './styles.css'
import { isApiError } from '@/api/error'
import { applyEffects } from '@/lib/effects'
import { onPreferenceChange } from '@/lib/preferences'
import { applyTheme, followTheme } from '@/lib/theme'
import { Portal } from './portal'
import { sessionQuery } from './session'

applyTheme()
applyEffects()
followTheme()
onPreferenceChange(applyEffects)

/** A refusal for want of a session ends it here too. Wrong credentials are not an ended session. */
function onError(error: unknown) {
  if (isApiError(error) && error.status === 401 && error.code !== 'wrong_credentials') client.setQueryData(sessionQuery.queryKey, null)
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: { queries: { staleTime: 10_000, refetchOnWindowFocus: false, retry: false } },
})

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Portal />
      </QueryClientProvider>
    </StrictMode>,
  )
}
