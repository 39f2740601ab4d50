import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, Building2, IdCard, type LucideIcon, Network, Plus, ShieldCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { directoryQueries } from '@/api/directory-queries'
import { identityProviderQueries } from '@/api/identity-provider-queries'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Menu, MenuItem } from '@/components/menu'
import { PageHeader } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { DirectoryCard, ProviderCard } from './source-card'

const WAYS = [
  { key: 'directory', icon: Network, to: '/admin/sign-in/directories/new' },
  { key: 'saml', icon: Building2, to: '/admin/sign-in/saml/new' },
  { key: 'oidc', icon: IdCard, to: '/admin/sign-in/oidc/new' },
] as const

/** By what people sign in, beside passwords of this node: directories and identity providers, and how each is doing. */
export default function SignInSettings() {
  const directories = useQuery(directoryQueries.list())
  const providers = useQuery(identityProviderQueries.list())
  const found = [...(directories.data?.items ?? []), ...(providers.data?.items ?? [])].length
  const loading = (!directories.data && !directories.error) || (!providers.data && !providers.error)
  const isEmpty = !loading && found === 0 && !directories.error && !providers.error
  return (
    <>
      <PageHeader title={t('signins.title')} actions={isEmpty || loading ? null : <AddMenu />}>
        {t('signins.lead')}
      </PageHeader>
      <AlwaysIn />
      {loading ? <CardsSkeleton cards={2} className="lg:grid-cols-2" /> : null}
      {isEmpty ? <FirstWay /> : null}
      {isEmpty || loading ? null : (
        <div className="grid gap-7">
          <Group
            title={t('signins.directories')}
            error={directories.error}
            onRetry={() => void directories.refetch()}
            none={t('signins.directories_none')}
          >
            {directories.data?.items.map((directory, index) => (
              <DirectoryCard key={directory.id} directory={directory} i={index} />
            ))}
          </Group>
          <Group
            title={t('signins.providers')}
            error={providers.error}
            onRetry={() => void providers.refetch()}
            none={t('signins.providers_none')}
          >
            {providers.data?.items.map((provider, index) => (
              <ProviderCard key={provider.id} provider={provider} i={index} />
            ))}
          </Group>
        </div>
      )}
    </>
  )
}

/** Whatever is set here, nobody locks the administrators out. */
const AlwaysIn = () => (
  <p className="rise mb-6 flex items-start gap-3 rounded-[20px] border border-line bg-surface px-4 py-3.5 text-[14px] text-ink-2 shadow-[var(--sh-1)]">
    <ShieldCheck size={19} className="mt-px shrink-0 text-info" aria-hidden="true" />
    <span>{t('signins.always')}</span>
  </p>
)

function AddMenu() {
  const label = t('signins.add')
  return (
    <Menu
      label={label}
      trigger={(props) => (
        <Button {...props}>
          <Plus size={17} strokeWidth={2.4} aria-hidden="true" />
          {label}
        </Button>
      )}
    >
      {WAYS.map(({ key, icon, to }) => (
        <MenuItem
          key={key}
          icon={icon}
          link={(props, body) => (
            <Link to={to} {...props}>
              {body}
            </Link>
          )}
        >
          {t(`signins.way.${key}`)}
        </MenuItem>
      ))}
    </Menu>
  )
}

type GroupProps = { title: string; error: unknown; onRetry: () => void; none: string; children: ReactNode[] | undefined }
function Group({ title, error, onRetry, none, children }: GroupProps) {
  return (
    <section aria-label={title}>
      <h2 className="mb-3 px-1 font-display text-[20px] font-semibold tracking-[-.02em]">{title}</h2>
      {error ? (
        <div className="panel">
          <ErrorState error={error} onRetry={onRetry} />
        </div>
      ) : null}
      {children?.length ? <ul className="grid grid-cols-[minmax(0,1fr)] items-stretch gap-4 lg:grid-cols-2">{children}</ul> : null}
      {children?.length === 0 ? (
        <p className="rounded-[20px] border border-dashed border-field px-5 py-6 text-[14px] text-ink-2">{none}</p>
      ) : null}
    </section>
  )
}

/** Nothing is connected yet: three ways, each with what it is for. */
function FirstWay() {
  return (
    <ul aria-label={t('signins.ways')} className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-3">
      {WAYS.map(({ key, icon, to }, i) => (
        <Way key={key} icon={icon} title={t(`signins.way.${key}`)} text={t(`signins.way_text.${key}`)} i={i}>
          <Link
            to={to}
            aria-label={t(`signins.way_start.${key}`)}
            className="mt-5 inline-flex items-center gap-2 text-[14.5px] font-semibold text-brand after:absolute after:inset-0 after:rounded-[22px]"
          >
            {t('signins.way_do')}
            <ArrowRight size={16} className="rtl:-scale-x-100" aria-hidden="true" />
          </Link>
        </Way>
      ))}
    </ul>
  )
}

type WayProps = { icon: LucideIcon; title: string; text: string; i: number; children: ReactNode }
const Way = ({ icon: Icon, title, text, i, children }: WayProps) => (
  <li className="panel lift relative flex flex-col items-start p-6" style={{ '--i': i }}>
    <span className="grid size-12 place-items-center rounded-[15px] bg-brand-soft text-brand">
      <Icon size={22} aria-hidden="true" />
    </span>
    <h2 className="mt-4 font-display text-[18px] leading-tight font-semibold tracking-[-.015em]">{title}</h2>
    <p className="mt-1.5 flex-1 text-[14px] text-ink-2">{text}</p>
    {children}
  </li>
)
