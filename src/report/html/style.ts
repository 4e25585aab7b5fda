/** Light and dark, wide and narrow, and on paper. No length is taken from the content, and no colour says anything alone. */
const LIGHT = `
  --page: #f5f6f8; --card: #ffffff; --text: #1c2127; --muted: #57606b; --line: #d8dce2; --grid: #e3e7ec;
  --bad: #a4071b; --bad-tint: #fdecee; --warn: #854100; --warn-tint: #fff1df; --soon: #5d5000; --soon-tint: #faf4d2;
  --fine: #0f559e; --fine-tint: #e8f1fb; --quiet: #57606b; --quiet-tint: #eef0f3; --code: #f0f2f5;
`
const DARK = `
  --page: #0f1318; --card: #181e25; --text: #e7eaee; --muted: #a3adb8; --line: #313a45; --grid: #2a323c;
  --bad: #ff9c98; --bad-tint: #3b171a; --warn: #ffb870; --warn-tint: #3a260d; --soon: #ead96f; --soon-tint: #302b0e;
  --fine: #8ec3ff; --fine-tint: #12283f; --quiet: #a3adb8; --quiet-tint: #262e37; --code: #232b34;
`

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.bad { --tone: var(--bad); --tint: var(--bad-tint); }
.warn { --tone: var(--warn); --tint: var(--warn-tint); }
.soon { --tone: var(--soon); --tint: var(--soon-tint); }
.fine { --tone: var(--fine); --tint: var(--fine-tint); }
.quiet { --tone: var(--quiet); --tint: var(--quiet-tint); }

html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: clamp(1rem, 3vw, 2.5rem); max-width: 76rem;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  color: var(--text); background: var(--page); overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
h1 { font-size: clamp(1.4rem, 1.1rem + 1.4vw, 1.9rem); line-height: 1.25; letter-spacing: -0.01em; }
h2 { font-size: 1.15rem; line-height: 1.3; margin-bottom: 0.5rem; }
h3 { font-size: 1rem; line-height: 1.4; }
code, .path, .check, .subject { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.84em; }
code { background: var(--code); border-radius: 4px; padding: 0.1em 0.35em; }
.when, .note, .subject, .distance, .count, footer { color: var(--muted); }
.note { font-size: 0.9rem; margin-bottom: 0.75rem; }
.summary { font-size: clamp(1.05rem, 1rem + 0.4vw, 1.25rem); font-weight: 600; margin: 0.6rem 0 1rem; }
.count { font-weight: 400; margin-left: 0.25rem; }
.hint { margin: 0 0 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: clamp(0.9rem, 2vw, 1.4rem); margin: 0 0 1.25rem; }
.card ul { padding-left: 1.2rem; }
.card ul li + li { margin-top: 0.35rem; }
footer { font-size: 0.85rem; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.definitions { position: absolute; }

.icon { flex: none; fill: var(--tone); stroke: none; overflow: visible; }
.cut { fill: none; stroke: var(--card); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.hollow, .stroke { fill: none; stroke: var(--tone); stroke-width: 1.8; stroke-linecap: round; }
.pill {
  display: inline-flex; align-items: center; gap: 0.4em; white-space: nowrap; padding: 0.1rem 0.55rem 0.1rem 0.4rem;
  border-radius: 999px; font-size: 0.85rem; font-weight: 600; color: var(--tone); background: var(--tint);
}
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 4px; padding: 0 0.35em; font-size: 0.8rem; color: var(--muted); white-space: nowrap; }

.tiles { list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.75rem; margin-bottom: 1.25rem; }
.tiles li {
  display: grid; grid-template-columns: auto 1fr; align-items: center; gap: 0 0.5rem; padding: 0.7rem 0.9rem;
  background: var(--tint); color: var(--tone); border: 1px solid var(--line); border-radius: 10px;
}
.tiles b { font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { grid-column: 1 / -1; font-size: 0.88rem; }

.search { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; margin: 0 0 1.25rem; }
.search label { font-weight: 600; }
.search input {
  flex: 1 1 14rem; min-width: 0; max-width: 30rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--muted); border-radius: 8px; padding: 0.4rem 0.7rem;
}
.search input::placeholder { color: var(--muted); opacity: 1; }
.search input:focus-visible { outline: 3px solid var(--fine); outline-offset: 1px; }
.search output { color: var(--muted); font-size: 0.9rem; }

.axis { position: relative; height: 1.3rem; margin-left: 40%; font-size: 0.8rem; color: var(--muted); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis .past { left: 3.5%; } .axis .at-0 { left: 14%; font-weight: 600; color: var(--text); } .axis .at-30 { left: 34%; } .axis .at-90 { left: 54%; }
.axis .at-365 { left: 77%; } .axis .at-3650 { left: 97%; transform: translateX(-80%); }
.events { list-style: none; margin-bottom: 1rem; }
.events li { display: grid; grid-template-columns: 40% 60%; border-top: 1px solid var(--grid); }
.event { padding: 0.45rem 1rem 0.45rem 0; }
.events b { font-weight: 600; }
.names { display: block; font-size: 0.88rem; }
.bar { position: relative; min-height: 2.2rem; }
.bar > svg { position: absolute; inset: 0; }
.tick { stroke: var(--grid); } .today { stroke: var(--muted); stroke-width: 1.5; }
.span { fill: var(--tone); opacity: 0.55; }

table { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: 0.93rem; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.9rem 0.5rem 0; border-top: 1px solid var(--line); font-weight: 400; }
thead th:nth-child(1) { width: 23%; } thead th:nth-child(2) { width: 16%; } thead th:nth-child(3) { width: 19%; }
thead th:nth-child(4) { width: 11%; } thead th:nth-child(5) { width: 10%; }
thead th { border-top: 0; padding-top: 0; font-size: 0.82rem; font-weight: 600; color: var(--muted); white-space: nowrap; }
tr > :last-child { padding-right: 0; }
.name { font-weight: 600; }
.subject, .cut-short, td .distance { display: block; }
.cut-short { color: var(--warn); font-size: 0.92em; }
td .distance { font-size: 0.92em; }
.expires time, .key { white-space: nowrap; }

.finding { border: 1px solid var(--line); border-left: 5px solid var(--tone); border-radius: 8px; padding: 0.8rem 1rem; margin-top: 0.75rem; }
.finding h3 { font-weight: 400; margin-bottom: 0.5rem; }
.finding .pill { margin-right: 0.35rem; }
.finding dl { display: grid; grid-template-columns: minmax(5rem, auto) 1fr; gap: 0.2rem 1rem; font-size: 0.95rem; }
.finding dt { color: var(--muted); }
.remedy { display: block; padding: 0.45rem 0.6rem; user-select: all; -webkit-user-select: all; font-size: 0.88em; }

@media screen and (max-width: 60rem) {
  .axis { margin-left: 0; }
  .events li { grid-template-columns: 1fr; padding-bottom: 0.3rem; }
  .event { padding: 0.45rem 0 0; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, th, td { display: block; }
  tbody tr { border-top: 1px solid var(--line); padding: 0.7rem 0; }
  tbody th, td { border: 0; padding: 0.15rem 0; }
  td { display: grid; grid-template-columns: 5.5rem 1fr; column-gap: 0.5rem; align-items: baseline; }
  td::before { content: attr(data-label); color: var(--muted); font-size: 0.85rem; }
  td > * { grid-column: 2; justify-self: start; }
  td:empty { display: none; }
}
@media screen and (max-width: 45rem) {
  .tiles { grid-template-columns: repeat(2, 1fr); }
}
@media screen and (max-width: 30rem) {
  .axis { font-size: 0.72rem; }
  .axis .past { display: none; }
  .finding dl { grid-template-columns: 1fr; gap: 0; }
  .finding dt { margin-top: 0.4rem; font-size: 0.85rem; }
}

@media print {
  @page { margin: 14mm; }
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; background: none; }
  .search { display: none; }
  .card { padding: 0; border: 0; margin-bottom: 6mm; background: none; }
  .pill, .tiles li, .span, .icon, code { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  table { font-size: 0.8rem; }
  th, td { padding-right: 0.5rem; }
  table .pill { font-size: 0.72rem; padding: 0 0.4rem 0 0.3rem; }
  .tiles li, .finding, tr, .events li { break-inside: avoid; }
  h2, h3, .axis, .note { break-after: avoid; }
}
`
