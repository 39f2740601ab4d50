import 'react'

declare module 'react' {
  /** Custom properties set from code. */
  interface CSSProperties {
    [property: `--${string}`]: string | number | undefined
  }
}
