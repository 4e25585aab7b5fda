import { closest, distance } from 'fastest-levenshtein'

/** What was perhaps meant by a mistyped word: within a third of its letters, at least two; undefined when nothing is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const best = closest(word, candidates)
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined
}
