/** Hostile and broken files in the place of each row: no crash, nothing of theirs in the report, and never silence. */
import { readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyNode, fixture, readFixture } from '../support/node.ts'
import { PKI, TREE } from '../support/rows.ts'
import { verify } from '../support/verify.ts'

const DEFECTS = readdirSync(fixture('defects'))

/** File, row, which of the defects. */
const PLACES = [
  [`${PKI}/apiserver.crt`, 'apiserver', /\.(crt|pem)$/],
  [`${PKI}/apiserver.key`, 'apiserver', /\.key$/],
  [`${PKI}/ca.crt`, 'ca', /\.(crt|pem)$/],
  [`${PKI}/ca.key`, 'ca', /\.key$/],
  [`${PKI}/etcd/ca.crt`, 'etcd-ca', /^swapped/],
  ['etc/kubernetes/admin.conf', 'admin.conf', /\.conf$/],
  ['etc/kubernetes/kubelet.conf', 'kubelet.conf', /\.conf$/],
  ['var/lib/kubelet/pki/kubelet.crt', 'kubelet.crt', /\.crt$/],
] as const

/** Told by the checks of files, or somebody's choice. */
const NOT_HERE = /^(empty\.(crt|conf)|(token|exec)-user\.conf)$/
/** What the kubelet has may be its own affair. */
const IS_KUBELETS = /kubelet/

describe.each(PLACES)('%s', (place, name, kinds) => {
  it('is told of, whatever it is', async () => {
    const root = copyNode(TREE)
    for (const defect of DEFECTS.filter(file => kinds.test(file))) {
      writeFileSync(join(root, place), readFixture('defects', defect))
      const { findings, exitCode } = await verify(root)
      expect([0, 3], defect).toContain(exitCode)
      for (const finding of findings)
        for (const text of Object.values(finding))
          expect(text, `${defect} ${finding.code}`).not.toMatch(/undefined|NaN|-----|\p{Cc}/u)
      const ofIt = findings.filter(({ certificate, severity }) => certificate === name && severity !== 'info')
      if (!IS_KUBELETS.test(place) && !NOT_HERE.test(defect)) expect(ofIt, defect).not.toEqual([])
    }
  })
})

it('copies of kubeconfigs, all of them at once', async () => {
  const configs = DEFECTS.filter(file => file.endsWith('.conf'))
  const flags = configs.flatMap(file => ['--kubeconfig', fixture('defects', file)])
  const { findings } = await verify(copyNode(TREE), ...flags)
  const unreadable = findings.filter(({ code }) => code === 'CERTIFICATE_UNREADABLE')
  expect(unreadable.map(({ certificate }) => basename(certificate)).toSorted()).toEqual([
    ...['broken-base64.conf', 'double-base64.conf', 'exec-user.conf', 'no-current-context.conf'],
    ...['no-users.conf', 'not-yaml.conf', 'token-user.conf', 'unknown-context.conf', 'unknown-user.conf'],
  ])
})
