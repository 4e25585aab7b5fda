/** Reads Prometheus' text format 0.0.4 as strictly as its specification has it. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SERIES = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy

/** Throws for what a server would refuse: no HELP or TYPE, series of one metric apart, the same series twice. */
export function parseExposition(text: string): Series[] {
  if (!text.endsWith('\n')) throw new Error('its last line has no end')
  const described = new Map<string, Set<string>>()
  const all = new Map<string, Series>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = ''] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? []
    if (kind !== undefined) {
      if (name !== current && described.has(name)) throw new Error(`${name} in two places`)
      described.set(name, (described.get(name) ?? new Set()).add(kind))
      current = name
      continue
    }
    const series = parseSeries(line)
    if (series.name !== current || described.get(current)?.size !== 2)
      throw new Error(`not described: ${line}`)
    const key = JSON.stringify([series.name, Object.entries(series.labels).toSorted()])
    if (all.has(key)) throw new Error(`twice: ${line}`)
    all.set(key, series)
  }
  return [...all.values()]
}

function parseSeries(line: string): Series {
  const [, name, inside = '', value] = SERIES.exec(line) ?? []
  if (name === undefined) throw new Error(`no series: ${line}`)
  const labels = [...inside.matchAll(LABEL)]
  if (labels.map(([whole]) => whole).join('') !== inside) throw new Error(`labels: ${line}`)
  const unescaped = (text: string) => text.replace(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one))
  return {
    name,
    labels: Object.fromEntries(labels.map(([, label = '', text = '']) => [label, unescaped(text)])),
    value: Number(value),
  }
}
