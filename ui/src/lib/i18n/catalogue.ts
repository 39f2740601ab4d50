/**
 * Every message that has been loaded so far. The words of the frame come with the app, those of a feature with the feature's own code:
 * its `index.tsx` starts with `import '@/lib/i18n/en/<area>'`.
 */
const messages = new Map<string, string>()

/** Adds the messages of one area and returns them, so that their keys can be known to the compiler. */
export function addMessages<const Area extends Record<string, string>>(area: Area): Area {
  for (const [key, message] of Object.entries(area)) messages.set(key, message)
  return area
}

export const messageFor = (key: string): string | undefined => messages.get(key)
