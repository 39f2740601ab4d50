/** The address that begins a single sign-on, with the page to come back to. Only paths of this node are followed. */
export function pathWithNext(login_path: string, next: string): string {
  const url = new URL(login_path, window.location.origin)
  url.searchParams.set('next', next)
  return url.pathname + url.search
}

/** A reference for the log: letters, digits and the like. Anything else in the address is not shown. */
export const referenceIn = (text: string | undefined): string | null => (text && /^[\w.:-]{1,80}$/.test(text) ? text : null)
