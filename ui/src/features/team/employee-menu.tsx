import { Link } from '@tanstack/react-router'
import { Cpu, Ellipsis, IdCard, Lock, PencilLine, UserRoundMinus, UserRoundPlus } from 'lucide-react'
import { useCan } from '@/api/session'
import type { Ve } from '@/api/types'
import { IconButton } from '@/components/button'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { t } from '@/lib/i18n'
import { type Action, useRehire } from './employee-actions'

/** What may be done with an employee; the role decides. */
export function EmployeeMenu({ employee, onAsk }: { employee: Ve; onAsk: (action: Action) => void }) {
  const mayManage = useCan('team.manage')
  const mayHire = useCan('team.hire')
  const rehire = useRehire(employee)
  const label = t('team.menu', { name: employee.persona_name })
  const active = employee.state === 'active'
  return (
    <Menu
      label={label}
      trigger={(props) => (
        <IconButton {...props} label={label} className="size-9! border border-field bg-surface/70 hover:border-brand">
          <Ellipsis size={17} />
        </IconButton>
      )}
    >
      <MenuItem
        icon={IdCard}
        link={(props, body) => (
          <Link to="/agents/$agent" params={{ agent: employee.agent.slug }} {...props}>
            {body}
          </Link>
        )}
      >
        {t('team.page')}
      </MenuItem>
      {mayManage && active ? (
        <>
          <MenuItem icon={PencilLine} onClick={() => onAsk('rename')}>
            {t('team.rename')}
          </MenuItem>
          <MenuItem icon={Cpu} onClick={() => onAsk('model')}>
            {t('team.model')}
          </MenuItem>
          <MenuItem icon={Lock} onClick={() => onAsk('secrecy')}>
            {t('team.secrecy')}
          </MenuItem>
          <MenuSeparator />
          <MenuItem icon={UserRoundMinus} danger onClick={() => onAsk('dismiss')}>
            {t('team.dismiss')}
          </MenuItem>
        </>
      ) : null}
      {mayHire && !active ? (
        <MenuItem icon={UserRoundPlus} disabled={rehire.isPending} onClick={() => rehire.mutate()}>
          {t('team.rehire')}
        </MenuItem>
      ) : null}
    </Menu>
  )
}
