/** How far each request has come: a table, or data. */
import { humanDuration } from '../kubernetes/duration.ts'
import type { ListedRequest } from '../pki/pending-requests.ts'
import type { RequestList } from '../pki/request-list.ts'
import { renderJson, renderYaml, requestListDocument } from './structured.ts'
import { renderTable } from './table.ts'

const HEADER = ['REQUEST', 'STATE', 'AGE', 'CA', 'SUBJECT', 'FILE', 'ANSWER GOES TO']

function renderText({ requests }: RequestList): string {
  return requests.length === 0 ? '' : renderTable([HEADER, ...requests.map(cells)])
}

function cells({ name, state, age, caName, subject, csrFile, certificateFile }: ListedRequest): string[] {
  const shownAge = age === null ? '' : humanDuration(age)
  return [name, state, shownAge, caName, subject ?? '', csrFile, certificateFile]
}

export const REQUEST_LIST_FORMATS = {
  text: renderText,
  json: (list: RequestList) => renderJson(requestListDocument(list)),
  yaml: (list: RequestList) => renderYaml(requestListDocument(list)),
} as const satisfies Record<string, (list: RequestList) => string>
