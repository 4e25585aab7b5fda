// Counts the time that each module takes to load, without what it loads itself, and the work after the last of them.
const Module = require('node:module')
const { writeFileSync } = require('node:fs')
const { basename } = require('node:path')
const { performance } = require('node:perf_hooks')

const load = Module._load
const own = { 'Node.js itself': performance.now() }
let inner = 0
let lastEnd = performance.now()

Module._load = function timed(request, ...rest) {
  const name = request.startsWith('/') || request.startsWith('.') ? basename(request) : request
  const outer = inner
  inner = 0
  const started = performance.now()
  try {
    return load.call(this, request, ...rest)
  } finally {
    lastEnd = performance.now()
    const whole = lastEnd - started
    own[name] = (own[name] ?? 0) + whole - inner
    inner = outer + whole
  }
}

process.on('exit', () => {
  own['the work itself'] = performance.now() - lastEnd
  writeFileSync(process.env.MODULES_REPORT, JSON.stringify(own))
})
