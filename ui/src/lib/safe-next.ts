/** Where to go after sign-in: only paths of this origin are followed, anything else becomes the first page. */
export const safeNext = (next: string | undefined): string => (next?.startsWith('/') && !/^\/[/\\]/.test(next) ? next : '/')
