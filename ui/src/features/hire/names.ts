/** Names to pick from, of many places, so that a team does not sound like one. */
const NAMES = [
  'Amara Osei',
  'Bruno Keller',
  'Chiara Rossi',
  'Dilan Aydin',
  'Elif Demir',
  'Farid Haddad',
  'Greta Lind',
  'Hugo Almeida',
  'Ines Moreau',
  'Jonas Vik',
  'Kaya Tanaka',
  'Lucia Vega',
  'Mina Park',
  'Nils Holm',
  'Oriane Petit',
  'Priya Raman',
  'Rafael Costa',
  'Sana Malik',
  'Tomas Novak',
  'Wanda Zielinska',
] as const

const hash = (text: string) => [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7)

/** The same few suggestions for an agent each time, without names that are taken. */
export function suggestNames(slug: string, taken: readonly string[], count: number): string[] {
  const start = hash(slug) % NAMES.length
  const turned = [...NAMES.slice(start), ...NAMES.slice(0, start)]
  return turned.filter((name) => !taken.includes(name)).slice(0, count)
}
