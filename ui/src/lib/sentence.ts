/** A message of the node (lower case, no final stop) as a sentence. */
export function sentence(message: string): string {
  const start = message.charAt(0).toUpperCase() + message.slice(1)
  return /[.!?]$/.test(start) ? start : `${start}.`
}
