import type { LucideIcon } from 'lucide-react'
import {
  type ComponentProps,
  createContext,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react'

/** What a trigger needs to spread on its button. */
export type TriggerProps = Pick<
  ComponentProps<'button'>,
  'id' | 'onClick' | 'onKeyDown' | 'ref' | 'aria-haspopup' | 'aria-expanded' | 'aria-controls'
>
type MenuProps = { trigger: (props: TriggerProps) => ReactElement; children: ReactNode; label: string; defaultOpen?: boolean }

const GAP = 8
const EDGE = 8
const CloseMenu = createContext<() => void>(() => undefined)

/** Puts the menu under its button, end edges together, and above it where there is no room below. */
function place(menu: HTMLElement, button: HTMLElement) {
  const anchor = button.getBoundingClientRect()
  // The layout size: the entry animation scales what getBoundingClientRect would measure.
  const { offsetWidth: width, offsetHeight: height } = menu
  const toEnd = getComputedStyle(button).direction === 'rtl' ? anchor.left : anchor.right - width
  const below = anchor.bottom + GAP
  const top = below + height > innerHeight - EDGE ? Math.max(EDGE, anchor.top - GAP - height) : below
  menu.style.translate = `${Math.min(Math.max(EDGE, toEnd), innerWidth - width - EDGE)}px ${top}px`
}

/** Moves focus among the items: arrows, Home, End, and the first letter of an item. */
function moveFocus(menu: HTMLElement, event: KeyboardEvent) {
  const items = [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])')]
  const at = items.findIndex((item) => item.contains(document.activeElement))
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }
  const step = steps[event.key]
  const letter = event.key.length === 1 && event.key !== ' ' ? event.key.toLowerCase() : null
  if (step === undefined && letter === null) return
  event.preventDefault()
  const next =
    step === undefined
      ? [...items.slice(at + 1), ...items].find((item) =>
          item.textContent
            ?.trim()
            .toLowerCase()
            .startsWith(letter ?? ''),
        )
      : items.at(step >= items.length ? 0 : step)
  next?.focus()
}

/** A menu of actions in the browser's own popover: it closes on Escape and on a press elsewhere. */
export function Menu({ trigger, children, label, defaultOpen = false }: MenuProps) {
  const id = useId()
  const menu = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(defaultOpen)
  useEffect(() => {
    const element = menu.current
    if (!open || !element || !button.current) return
    if (!element.matches(':popover-open')) element.showPopover()
    place(element, button.current)
    element.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
  }, [open])
  const close = () => {
    menu.current?.hidePopover()
    button.current?.focus()
  }
  return (
    <>
      {trigger({
        ref: button,
        id: `${id}-button`,
        onClick: () => (open ? close() : setOpen(true)),
        onKeyDown: (event) => event.key === 'ArrowDown' && setOpen(true),
        'aria-haspopup': 'menu',
        'aria-expanded': open,
        'aria-controls': open ? id : undefined,
      })}
      {open ? (
        <div
          ref={menu}
          id={id}
          role="menu"
          tabIndex={-1}
          popover="auto"
          aria-label={label}
          onToggle={(event) => event.newState === 'closed' && setOpen(false)}
          onKeyDown={(event) => {
            if (event.key === 'Tab') close()
            else if (menu.current) moveFocus(menu.current, event)
          }}
          className="popover fixed inset-auto start-0 top-0 m-0 min-w-[230px] max-w-[min(340px,94vw)] rounded-[18px] border border-line bg-surface p-1.5 text-ink shadow-[var(--sh-3)] outline-none"
        >
          <CloseMenu value={close}>{children}</CloseMenu>
        </div>
      ) : null}
    </>
  )
}

const ITEM =
  'flex h-10 w-full items-center gap-3 rounded-[12px] px-3 text-start text-[14px] outline-none hover:bg-surface-2 focus-visible:bg-surface-2 focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-brand aria-disabled:opacity-50'

type ItemProps = {
  icon?: LucideIcon
  children: ReactNode
  onClick?: () => void
  danger?: boolean
  disabled?: boolean
  /** For an item that leads to a page: `link={(props, body) => <Link to="/account" {...props}>{body}</Link>}`. */
  link?: (props: { role: 'menuitem'; tabIndex: -1; className: string; onClick: () => void }, body: ReactNode) => ReactElement
}
/** One action. The menu closes when it is chosen. */
export function MenuItem({ icon: Icon, children, onClick, danger = false, disabled = false, link }: ItemProps) {
  const close = useContext(CloseMenu)
  const choose = () => {
    if (disabled) return
    close()
    onClick?.()
  }
  const body = (
    <>
      {Icon ? <Icon size={17} className={danger ? '' : 'text-ink-2'} aria-hidden="true" /> : null}
      {children}
    </>
  )
  if (link) return link({ role: 'menuitem', tabIndex: -1, className: ITEM, onClick: choose }, body)
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      aria-disabled={disabled || undefined}
      className={`${ITEM} ${danger ? 'text-danger' : ''}`}
      onClick={choose}
    >
      {body}
    </button>
  )
}

type ChoiceProps<T extends string> = { label: string; value: T; items: readonly (readonly [T, string])[]; onChange: (value: T) => void }
/** One of few, in a row inside a menu; the menu stays open. */
export function MenuChoice<T extends string>({ label, value, items, onChange }: ChoiceProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is not allowed inside a menu
    <div role="group" aria-label={label}>
      <p className="px-3 pt-2 pb-1 text-[12.5px] text-ink-3" aria-hidden="true">
        {label}
      </p>
      <div className="flex gap-1 px-1.5 pb-1">
        {items.map(([item, text]) => (
          <button
            key={item}
            type="button"
            role="menuitemradio"
            tabIndex={-1}
            aria-checked={item === value}
            onClick={() => onChange(item)}
            className={`h-9 flex-1 rounded-[10px] px-2 text-[13px] font-medium focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-brand ${item === value ? 'bg-brand-soft text-brand' : 'text-ink-2 hover:bg-surface-2'}`}
          >
            {text}
          </button>
        ))}
      </div>
    </div>
  )
}

export const MenuSeparator = () => <hr className="mx-2 my-1.5 border-line" />

/** A titled part of a menu. */
export function MenuGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is not allowed inside a menu
    <div role="group" aria-label={label}>
      <p className="px-3 pt-2 pb-1 text-[12.5px] text-ink-3" aria-hidden="true">
        {label}
      </p>
      {children}
    </div>
  )
}
