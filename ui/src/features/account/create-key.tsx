import { useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { type NewApiKey, tokenKeys } from '@/api/token-queries'
import { KeyDialog } from '@/components/key-dialog'
import { t } from '@/lib/i18n'

/** A key that acts as its person. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const create = async (body: NewApiKey) => {
    const made = await api.post('/api/account/api-keys', { body })
    void client.invalidateQueries({ queryKey: tokenKeys.apiKeys })
    return made
  }
  return <KeyDialog title={t('account.keys.create')} create={create} onClose={onClose} />
}
