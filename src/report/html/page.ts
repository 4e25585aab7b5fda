/** One page that needs nothing but itself: nothing is loaded, and nothing but its own style and script has any effect. */
import { VERSION } from '../../version.ts'
import { html, type Markup, verbatim } from './markup.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { iconDefinitions } from './tones.ts'

export interface Page {
  readonly title: string
  readonly head: Markup
  readonly sections: readonly (Markup | undefined)[]
}

export async function renderPage({ title, head, sections }: Page): Promise<string> {
  const policy = [
    "default-src 'none'",
    `style-src '${await hashOf(STYLE)}'`,
    `script-src '${await hashOf(SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${verbatim(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="generator" content="kubepki ${VERSION}">
<title>${title}</title>
<style>${verbatim(STYLE)}</style>
</head>
<body>
${iconDefinitions()}
${head}
<main>
<form class="search" role="search" hidden><label for="search">Search</label><input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="name, file, CA, key, state"><output for="search"></output></form>
${sections}</main>
<footer><p>Made by kubepki ${VERSION} from the files of the node. The page does not change: it says what was so when it was made.</p></footer>
<script>${verbatim(SCRIPT)}</script>
</body>
</html>
`
  return markup
}

/** As a content security policy has it. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `sha256-${Buffer.from(digest).toString('base64')}`
}
