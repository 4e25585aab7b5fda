/** What the checks found, the gravest first, and what they did not look at. */
import { CHECKS } from '../../pki/checks.ts'
import type { Finding, Severity } from '../../pki/finding.ts'
import type { VerificationReport } from '../../pki/verification.ts'
import { html, type Markup } from './markup.ts'
import { icon, type Tone } from './tones.ts'

const SEVERITY_TEXTS: Readonly<Record<Severity, { readonly label: string; readonly tone: Tone }>> = {
  error: { label: 'Error', tone: 'bad' },
  warning: { label: 'Warning', tone: 'warn' },
  info: { label: 'Note', tone: 'quiet' },
}

export function renderFindings({ findings, checks, certificates }: VerificationReport): Markup {
  const scope = `${checks} checks over ${certificates} files with certificates`
  const body =
    findings.length === 0
      ? html`<p class="fine all-well"><span class="pill">${icon('fine')}No finding</span> ${scope}.</p>`
      : html`<p class="note">Of ${scope}, the gravest first.</p>
${findings.map(article)}<p class="nothing" hidden>Nothing here matches.</p>`
  return html`<section class="card" aria-labelledby="findings" data-group>
<h2 id="findings">Findings <span class="count">${findings.length}</span></h2>
${body}
</section>
`
}

function article(finding: Finding): Markup {
  const { code, severity, certificate, file, expected, found, impact, remedy } = finding
  const { label, tone } = SEVERITY_TEXTS[severity]
  const title = CHECKS.find(check => check.code === code)?.title ?? code
  return html`<article class="finding ${tone}" data-row>
<h3><span class="pill">${icon(tone)}${label}</span> <span class="name">${certificate}</span>: ${title}</h3>
<dl>
<dt>Impact</dt><dd>${impact}</dd>
<dt>Found</dt><dd>${found}</dd>
<dt>Expected</dt><dd>${expected}</dd>
<dt>File</dt><dd class="path">${file}</dd>
<dt>Remedy</dt><dd><code class="remedy">${lines(remedy)}</code></dd>
<dt>Check</dt><dd class="check">${code}</dd>
</dl>
</article>
`
}

function lines(text: string): Markup[] {
  return text.split('\n').map((line, index) => html`${index === 0 ? '' : html`<br>`}${line}`)
}

export function renderNotLookedAt({ notLookedAt }: VerificationReport): Markup {
  const items = notLookedAt.map(
    ({ what, why, remedy }) =>
      html`<li><b>${what}</b>: ${why}${remedy === '' ? undefined : html`<br><code>${remedy}</code>`}</li>
`,
  )
  return html`<section class="card" aria-labelledby="not-looked-at">
<h2 id="not-looked-at">Not looked at</h2>
<p class="note">Of this the page says nothing: neither that it is well nor that it is not.</p>
<ul>
${items}</ul>
</section>
`
}
