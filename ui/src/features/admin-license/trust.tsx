import { Check, FileBadge2, Fingerprint, KeyRound, type LucideIcon, Server } from 'lucide-react'
import type { LicenseStatus } from '@/api/types'
import { CopyButton } from '@/components/copy'
import { Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDate, formatNumber } from '@/lib/i18n/format'

/** The first 16 digits in groups, to compare by eye. */
const short = (fingerprint: string) => (fingerprint.slice(0, 16).match(/.{4}/g) ?? []).join(' ').toUpperCase()

/** Who vouches for what: root keys, the issuing key, the licence, and this node's own key. */
export function Trust({ status }: { status: LicenseStatus }) {
  const { keyring, license, install } = status
  const development = status.trust_root === 'development'
  const roots = keyring.keys.filter((key) => key.role === 'root')
  const issuing = keyring.keys.filter((key) => license?.signers.includes(key.id))
  return (
    <Panel
      title={t('license.trust')}
      icon={Fingerprint}
      i={4}
      end={
        <StatusPill state={development ? 'waiting' : 'verified'}>
          {t(development ? 'license.trust.development' : 'license.trust.production')}
        </StatusPill>
      }
    >
      {development ? <p className="mb-3 text-[13.5px] text-warn">{t('license.trust.development_note')}</p> : null}
      <ol className="grid gap-3">
        <Link
          first
          icon={KeyRound}
          name={t('license.chain.root')}
          note={t('license.chain.root_note', { count: roots.length, version: formatNumber(keyring.version) })}
          fingerprint={roots[0]?.id ?? ''}
        />
        {issuing.map((key) => (
          <Link
            key={key.id}
            icon={KeyRound}
            name={t('license.chain.issuing')}
            note={t('license.chain.issuing_note', { algorithm: key.algorithm, date: formatDate(key.not_after) })}
            fingerprint={key.id}
          />
        ))}
        {license ? (
          <Link
            icon={FileBadge2}
            name={t('license.chain.license')}
            note={t('license.chain.license_note', { date: formatDate(license.issued_at) })}
            fingerprint={license.sha256}
          />
        ) : null}
        <Link
          first
          icon={Server}
          name={t('license.chain.node')}
          note={t('license.chain.node_note')}
          fingerprint={install.key_fingerprint}
          copy
        />
      </ol>
    </Panel>
  )
}

type LinkProps = { icon: LucideIcon; name: string; note: string; fingerprint: string; first?: boolean; copy?: boolean }
function Link({ icon: Icon, name, note, fingerprint, first = false, copy = false }: LinkProps) {
  return (
    <li className="relative flex items-center gap-3.5 rounded-[16px] bg-surface-2 p-3.5">
      {first ? null : <span className="absolute start-[31px] -top-3 h-3 w-[2px] bg-brand" aria-hidden="true" />}
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-brand-soft text-brand">
        <Icon size={17} aria-hidden="true" />
      </span>
      <span className="min-w-0 flex-1">
        <b className="block text-[14.5px] font-semibold">{name}</b>
        <span className="block text-[13px] text-ink-2">{note}</span>
        <span className="block font-mono text-[12px] text-ink-2">{short(fingerprint)}</span>
      </span>
      {copy ? (
        <CopyButton text={fingerprint} label={t('license.copy_fingerprint')} />
      ) : (
        <Check size={18} strokeWidth={2.8} className="shrink-0 text-success" aria-label={t('license.chain.verified')} />
      )}
    </li>
  )
}
