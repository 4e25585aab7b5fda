/** What was wanted, and what there is instead. */
export interface Difference {
  readonly wanted: string
  readonly found: string
}

export function unless(isRight: boolean, wanted: string, found: string): Difference | undefined {
  return isRight ? undefined : { wanted, found }
}
