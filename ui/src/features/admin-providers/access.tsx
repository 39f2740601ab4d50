import { Field, Segmented } from '@/components/field'
import { t } from '@/lib/i18n'
import { type AccessKind, type Draft, takesAws } from './draft'

type Props = { draft: Draft; onChange: (part: Partial<Draft>) => void; keepable: boolean }

/** What opens a provider. Keys go in and never come out, so an edit keeps the old ones unless others are entered. */
export function Access({ draft, onChange, keepable }: Props) {
  const kinds: AccessKind[] = [
    ...(keepable ? (['keep'] as const) : []),
    'api_key',
    ...(takesAws(draft.kind) ? (['aws'] as const) : []),
    'none',
  ]
  return (
    <div className="grid gap-3">
      <p className="text-[13.5px] font-medium">{t('provider.access')}</p>
      <Segmented
        label={t('provider.access')}
        value={draft.access}
        onChange={(access) => onChange({ access })}
        items={kinds.map((kind) => [kind, t(`provider.access.${kind}`)] as const)}
      />
      {draft.access === 'api_key' ? (
        <Field
          label={t('provider.key')}
          hint={t('provider.key_hint')}
          type="password"
          autoComplete="off"
          required
          value={draft.api_key}
          onChange={(event) => onChange({ api_key: event.target.value })}
        />
      ) : null}
      {draft.access === 'aws' ? (
        <>
          <Field
            label={t('provider.key_id')}
            autoComplete="off"
            required
            value={draft.access_key_id}
            onChange={(event) => onChange({ access_key_id: event.target.value })}
          />
          <Field
            label={t('provider.key_secret')}
            hint={t('provider.key_hint')}
            type="password"
            autoComplete="off"
            required
            value={draft.secret_access_key}
            onChange={(event) => onChange({ secret_access_key: event.target.value })}
          />
        </>
      ) : null}
    </div>
  )
}
