/** The product's name is the same in every language. */
export const PRODUCT_NAME = 'Guildhall'

/** The mark: a gabled hall whose doorway is the presence orb. The tile keeps its colour in both themes. */
export function LogoMark({ size = 30 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#98177E" />
      <path
        d="M6.6 25.4V14.3L16 6.6l9.4 7.7v11.1"
        fill="none"
        stroke="#fff"
        strokeWidth="3.1"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="16" cy="20.6" r="4.9" fill="#fff" />
    </svg>
  )
}

export function Wordmark({ size = 30 }: { size?: number }) {
  return (
    <span className="inline-flex items-center gap-2.5">
      <LogoMark size={size} />
      <span className="font-display font-semibold tracking-[-.02em]" style={{ fontSize: size * 0.66 }}>
        {PRODUCT_NAME}
      </span>
    </span>
  )
}
