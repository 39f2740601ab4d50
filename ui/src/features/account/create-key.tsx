import { useQueryClient } from '@tanstack/react-query'
import { type NewApiKey, tokenApi, tokenKeys } from '@/api/token-queries'
import { KeyDialog } from '@/components/key-dialog'
import { t } from '@/lib/i18n'

/** A key that acts as its person. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const create = async (body: NewApiKey) => {
    const made = await tokenApi.post('/api/account/api-keys', { body })
    void client.invalidateQueries({ queryKey: tokenKeys.apiKeys })
    return made
  }
  return <KeyDialog title={t('account.keys.create')} create={create} onClose={onClose} />
}
