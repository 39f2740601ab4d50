import { t } from '@/lib/i18n'
import type { RoleOption } from './use-roles'

type RoleChoiceProps = { roles: RoleOption[]; value: string; onChange: (role: string) => void }

/** One role of all there are, each with what it means. What is above one's own cannot be given. */
export function RoleChoice({ roles, value, onChange }: RoleChoiceProps) {
  return (
    <fieldset>
      <legend className="mb-1.5 text-[13.5px] font-medium">{t('people.role')}</legend>
      <div className="-m-1 grid max-h-[300px] gap-2.5 overflow-y-auto p-1">
        {roles.map((role) => (
          <Option key={role.id} role={role} chosen={value === role.id} onChoose={() => onChange(role.id)} />
        ))}
      </div>
    </fieldset>
  )
}

function Option({ role, chosen, onChoose }: { role: RoleOption; chosen: boolean; onChoose: () => void }) {
  const look = chosen ? 'border-brand bg-brand-soft' : 'border-field hover:border-brand'
  return (
    <label
      className={`flex items-center gap-3.5 rounded-[16px] border-[1.5px] p-3.5 transition-colors ${role.above ? 'cursor-not-allowed border-line opacity-70' : `cursor-pointer ${look}`}`}
    >
      <input
        type="radio"
        name="role"
        checked={chosen}
        disabled={role.above}
        onChange={onChoose}
        className="size-5 shrink-0 accent-[var(--brand-fill)]"
      />
      <span className="min-w-0">
        <span className="block text-[14.5px] font-semibold">{role.title}</span>
        <span className="block text-[13px] text-ink-2">{role.above ? t('people.role_above') : role.note}</span>
      </span>
    </label>
  )
}
