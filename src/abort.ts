/** Aborted with the first of the others. AbortSignal.any holds them weakly: a timeout in it may be collected before it comes. */
export function firstToAbort(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const controller = new AbortController()
  const all = signals.filter(signal => signal !== undefined)
  const end = (event: { readonly target: unknown }) => {
    for (const signal of all) signal.removeEventListener('abort', end)
    controller.abort((event.target as AbortSignal).reason)
  }
  for (const signal of all) signal.addEventListener('abort', end)
  const aborted = all.find(signal => signal.aborted)
  if (aborted) end({ target: aborted })
  return controller.signal
}
