/** The list of CertificateSigningRequests: a table for each signer, or data. */
import { type ListedCsr, summaryOf } from '../pki/csr/listing.ts'
import { isForNodes } from '../pki/csr/signer-name.ts'
import { age } from '../pki/csr/state-words.ts'
import { plain } from '../pki/csr/words.ts'
import { instant } from '../pki/instant.ts'
import { OUTCOME_STYLES } from './csr-verdicts.ts'
import { type Paint, paintFor, type Terminal } from './paint.ts'
import { eachTableLine } from './table.ts'

export interface ShownList {
  readonly items: readonly ListedCsr[]
  readonly now: Date
  readonly terminal?: Terminal | undefined
}

const HEADER = ['NAME', 'AGE', 'REQUESTER', 'STATE', 'VERDICT']
const WIDE_HEADER = [...HEADER, 'KEY', 'SANS', 'USAGES']
const SPACING = { least: 6, padding: 3 }

/** In pieces of a few lines: a table of any length. */
export function* renderCsrList(list: ShownList, isWide: boolean): Generator<string> {
  let piece = ''
  for (const line of linesOf(list, isWide)) {
    piece += `${line}\n`
    if (piece.length < LONG_ENOUGH) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

const LONG_ENOUGH = 64 * 1024

function* linesOf({ items, now, terminal }: ShownList, isWide: boolean): Generator<string> {
  const paint = paintFor(terminal)
  for (const [index, group] of bySigner(items).entries()) {
    if (index > 0) yield ''
    yield paint('strong', plain(group[0]?.signerName ?? '') || '(no signerName)')
    const rows = function* () {
      yield [whoOf(group[0]).title, ...(isWide ? WIDE_HEADER : HEADER)]
      for (const item of group) yield cellsOf(item, now, isWide)
    }
    let row = -1
    for (const line of eachTableLine(rows, SPACING)) {
      yield paintedLine(line.trimEnd(), group[row], paint)
      row += 1
    }
  }
}

/** In order already. */
function bySigner(items: readonly ListedCsr[]): ListedCsr[][] {
  const groups = new Map<string, ListedCsr[]>()
  for (const item of items) {
    const group = groups.get(item.signerName)
    if (group) group.push(item)
    else groups.set(item.signerName, [item])
  }
  return [...groups.values()]
}

function paintedLine(line: string, item: ListedCsr | undefined, paint: Paint): string {
  if (!item) return paint('faint', line)
  return item.outcome ? paint(OUTCOME_STYLES[item.outcome], line) : line
}

function cellsOf(item: ListedCsr, now: Date, isWide: boolean): string[] {
  const { name, creationTimestamp, username, older } = item
  const more = older.length > 0 ? ` (+${older.length} older)` : ''
  const cells = [
    plain(whoOf(item).text) || '-',
    `${plain(name)}${more}`,
    creationTimestamp ? age(creationTimestamp, now) : '-',
    plain(username) || '-',
    item.stateInWords,
    verdictOf(item),
  ]
  if (!isWide) return cells
  return [
    ...cells,
    item.keyAlgorithm || '-',
    item.subjectAltNames.map(plain).join(',') || '-',
    item.usages.map(plain).join(',') || '-',
  ]
}

/** Of others than nodes the groups are what matters. */
function whoOf(item: ListedCsr | undefined) {
  return item && isForNodes(item.signerName)
    ? { title: 'NODE', text: item.node }
    : { title: 'SUBJECT', text: item?.subject ?? '' }
}

function verdictOf({ outcome, reasons }: ListedCsr): string {
  return outcome === undefined ? '-' : [outcome, ...summaryOf(reasons)].join(': ')
}

export function csrDocument(item: ListedCsr): object {
  const { name, signerName, node, subject, username, creationTimestamp, state, stateInWords, outcome } = item
  const { reasons, keyAlgorithm, subjectAltNames, usages, older } = item
  return {
    ...{ name, signerName, node, subject, username },
    creationTimestamp: creationTimestamp ? instant(creationTimestamp) : null,
    ...{ state, stateInWords },
    outcome: outcome ?? null,
    ...{ reasons, keyAlgorithm, subjectAltNames, usages, older },
  }
}
