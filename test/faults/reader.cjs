/**
 * Reads pairs again and again, as a server that is started just now would: the certificate first, then the key. Prints
 * what it saw when its standard input ends.
 */
'use strict'
const { createPrivateKey, X509Certificate } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { createSecureContext } = require('node:tls')

const [least, ...bases] = process.argv.slice(2)
const seen = { reads: 0, mismatches: 0, torn: [], windows: {} }
const since = new Map()
let isOver = false
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()

function look(base) {
  const [cert, key] = [readFileSync(`${base}.crt`), readFileSync(`${base}.key`)]
  new X509Certificate(cert)
  createPrivateKey(key)
  try {
    createSecureContext({ cert, key })
    return true
  } catch {
    return false
  }
}

function round() {
  for (const base of bases) {
    const start = process.hrtime.bigint()
    seen.reads += 1
    try {
      const isPair = look(base)
      if (!isPair) seen.mismatches += 1
      if (!isPair && !since.has(base)) since.set(base, start)
      if (isPair && since.has(base)) {
        const width = Number(start - since.get(base)) / 1e6
        seen.windows[base] = Math.max(seen.windows[base] ?? 0, width)
        since.delete(base)
      }
    } catch (error) {
      seen.torn.push(`${base}: ${error.message}`)
    }
  }
  if (isOver && seen.reads >= Number(least)) process.stdout.write(JSON.stringify(seen))
  else setImmediate(round)
}

process.stdout.write('reading\n')
round()
