import { Field, Switch } from '@/components/field'
import { GroupRules } from '@/components/group-rules'
import { t } from '@/lib/i18n'
import type { PartProps } from './directory-parts'
import { EXAMPLES } from './examples'

const ATTRIBUTES = ['subject', 'email', 'display_name', 'member_of'] as const
const PLAIN_TEXT = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const

/** Where people are, who counts as one, and what is read of them. */
export function DirectorySearch({ draft, onChange, wrong }: PartProps) {
  return (
    <>
      <Field
        {...PLAIN_TEXT}
        label={t('directory.base')}
        hint={t('directory.base_hint')}
        placeholder={EXAMPLES.base}
        required
        value={draft.base_dn}
        error={wrong('base_dn')}
        onChange={(event) => onChange({ ...draft, base_dn: event.target.value })}
      />
      <Field
        {...PLAIN_TEXT}
        label={t('directory.login_attributes')}
        hint={t('directory.login_attributes_hint')}
        required
        value={draft.login_attributes}
        error={wrong('login_attributes')}
        onChange={(event) => onChange({ ...draft, login_attributes: event.target.value })}
      />
      <details className="group">
        <summary className="w-fit cursor-pointer text-[14px] font-medium text-brand">{t('directory.search_more')}</summary>
        <div className="mt-4 grid grid-cols-[minmax(0,1fr)] gap-5">
          <Field
            {...PLAIN_TEXT}
            label={t('directory.user_filter')}
            hint={t('directory.user_filter_hint')}
            required
            value={draft.user_filter}
            error={wrong('user_filter')}
            onChange={(event) => onChange({ ...draft, user_filter: event.target.value })}
          />
          <div className="grid gap-5 sm:grid-cols-2">
            {ATTRIBUTES.map((name) => (
              <Field
                {...PLAIN_TEXT}
                key={name}
                label={t(`directory.attribute.${name}`)}
                hint={t(`directory.attribute_hint.${name}`)}
                required={name !== 'member_of'}
                value={draft.attributes[name]}
                error={wrong(`attributes.${name}`)}
                onChange={(event) => onChange({ ...draft, attributes: { ...draft.attributes, [name]: event.target.value } })}
              />
            ))}
            <Figure
              label={t('directory.refresh_minutes')}
              hint={t('directory.refresh_minutes_hint')}
              value={draft.refresh_minutes}
              error={wrong('refresh_minutes')}
              onChange={(refresh_minutes) => onChange({ ...draft, refresh_minutes })}
            />
            <Figure
              label={t('directory.page_size')}
              hint={t('directory.page_size_hint')}
              value={draft.page_size}
              error={wrong('page_size')}
              onChange={(page_size) => onChange({ ...draft, page_size })}
            />
          </div>
        </div>
      </details>
    </>
  )
}

type FigureProps = { label: string; hint: string; value: string; error: string | undefined; onChange: (value: string) => void }
const Figure = ({ onChange, ...field }: FigureProps) => (
  <Field {...field} type="number" inputMode="numeric" min={1} required onChange={(event) => onChange(event.target.value)} />
)

/** Which groups there are, and what their members get. */
export function DirectoryGroups({ draft, onChange, wrong }: PartProps) {
  return (
    <>
      <GroupRules rules={draft.group_map} onChange={(group_map) => onChange({ ...draft, group_map })} placeholder={EXAMPLES.group} />
      <Switch
        label={t('directory.nested')}
        note={t('directory.nested_note')}
        checked={draft.nested_groups}
        onChange={(nested_groups) => onChange({ ...draft, nested_groups })}
      />
      <details>
        <summary className="w-fit cursor-pointer text-[14px] font-medium text-brand">{t('directory.groups_more')}</summary>
        <div className="mt-4 grid grid-cols-[minmax(0,1fr)] gap-5">
          <Field
            {...PLAIN_TEXT}
            label={t('directory.group_base')}
            hint={t('directory.group_base_hint')}
            value={draft.group_base_dn}
            error={wrong('group_base_dn')}
            onChange={(event) => onChange({ ...draft, group_base_dn: event.target.value })}
          />
          <Field
            {...PLAIN_TEXT}
            label={t('directory.group_filter')}
            required
            value={draft.group_filter}
            error={wrong('group_filter')}
            onChange={(event) => onChange({ ...draft, group_filter: event.target.value })}
          />
        </div>
      </details>
    </>
  )
}
