import '@/lib/i18n/en/password'
import { Eye, EyeOff, Lock } from 'lucide-react'
import { type ComponentProps, useState } from 'react'
import { t } from '@/lib/i18n'
import { type Strength, strengthOf } from '@/lib/password'
import { IconButton } from './button'
import { Field } from './field'

type PasswordFieldProps = Omit<ComponentProps<typeof Field>, 'type' | 'icon' | 'end' | 'hint'> & { value: string; meter?: boolean }

/** A password with a way to see it; `meter` adds an estimate of its strength for a new one. */
export function PasswordField({ meter = false, value, ...field }: PasswordFieldProps) {
  const [shown, setShown] = useState(false)
  return (
    <Field
      {...field}
      value={value}
      icon={Lock}
      type={shown ? 'text' : 'password'}
      spellCheck={false}
      autoCapitalize="none"
      end={
        <IconButton label={shown ? t('password.hide') : t('password.show')} onClick={() => setShown((on) => !on)} className="-me-2">
          {shown ? <EyeOff size={17} /> : <Eye size={17} />}
        </IconButton>
      }
      hint={meter ? <Meter value={value} /> : undefined}
    />
  )
}

const BARS: Record<Strength, number> = { empty: 0, weak: 1, fair: 2, good: 3, strong: 4 }
const TONES: Record<Strength, string> = { empty: 'bg-line', weak: 'bg-danger', fair: 'bg-warn', good: 'bg-success', strong: 'bg-success' }

function Meter({ value }: { value: string }) {
  const strength = strengthOf(value)
  return (
    <span className="flex items-center gap-3">
      <span className="flex w-32 shrink-0 gap-1" aria-hidden="true">
        {[1, 2, 3, 4].map((bar) => (
          <span
            key={bar}
            className={`h-1.5 flex-1 rounded-full transition-colors ${bar <= BARS[strength] ? TONES[strength] : 'bg-line'}`}
          />
        ))}
      </span>
      <span>{t(`password.${strength}`)}</span>
    </span>
  )
}
