/** A report as a page for people who have no terminal at hand. */
import type { ExpirationReport } from '../../pki/expiration.ts'
import { countOf } from '../../pki/finding.ts'
import type { VerificationReport } from '../../pki/verification.ts'
import { scopeOf } from '../summary.ts'
import { renderFurther, renderTables } from './certificates.ts'
import { renderFindings, renderNotLookedAt } from './findings.ts'
import { html, type Markup } from './markup.ts'
import { type Page, renderPage } from './page.ts'
import { nodeNameOf, renderHead, renderTiles, summaryOf } from './summary.ts'
import { renderTimeline } from './timeline.ts'
import { rateRows } from './urgency.ts'

export function renderExpirationPage(report: ExpirationReport): Promise<string> {
  const hint = html`<p class="hint">Whether keys fit, names are right and the cluster will accept all this is another matter: <code>kubepki certs verify -o html</code> has the findings.</p>
`
  return renderPage(pageOf(report, { findings: [], above: [hint], below: [], warnings: report.warnings }))
}

export function renderVerificationPage(report: VerificationReport): Promise<string> {
  const { expiration, warnings } = report
  return renderPage(
    pageOf(expiration, {
      findings: findingTexts(report),
      above: [renderFindings(report)],
      below: [renderNotLookedAt(report)],
      warnings: [...new Set([...warnings, ...expiration.warnings])],
    }),
  )
}

function findingTexts(report: VerificationReport): string[] {
  const scope = scopeOf(report)
  return [`${findingText(report)}${scope === undefined ? '' : ` (${scope})`}`]
}

function findingText(report: VerificationReport): string {
  const [errors, warnings] = [countOf(report, 'error'), countOf(report, 'warning')]
  if (errors > 0) return errors === 1 ? '1 finding needs you now' : `${errors} findings need you now`
  if (warnings > 0) return warnings === 1 ? '1 finding to see to' : `${warnings} findings to see to`
  return 'no finding needs you'
}

interface Additions {
  readonly findings: readonly string[]
  readonly above: readonly Markup[]
  readonly below: readonly Markup[]
  readonly warnings: readonly string[]
}

function pageOf(report: ExpirationReport, { findings, above, below, warnings }: Additions): Page {
  const { now } = report
  const rated = rateRows(report)
  const summary = summaryOf(rated, now, findings)
  return {
    title: `Certificates of ${nodeNameOf(report) ?? 'a Kubernetes node'}: ${summary}`,
    head: html`${renderHead(report, summary)}${renderTiles(rated)}`,
    sections: [
      ...above,
      renderTimeline(rated, now),
      ...renderTables(rated, now),
      renderFurther(report),
      renderWarnings(warnings),
      ...below,
    ],
  }
}

function renderWarnings(warnings: readonly string[]): Markup | undefined {
  if (warnings.length === 0) return undefined
  return html`<section class="card" aria-labelledby="warnings">
<h2 id="warnings">Warnings</h2>
<ul>
${warnings.map(
  warning => html`<li>${warning}</li>
`,
)}</ul>
</section>
`
}
