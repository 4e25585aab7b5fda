/** What expires when: of certificates that the kubelet renews see its own checks. */

import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { instant } from '../instant.ts'
import type { Check } from './check.ts'
import { isKubelets, leavesAmong, renewalOf, subjectsOf } from './subjects.ts'

export const TIME_CHECKS: readonly Check[] = [
  {
    code: 'CERTIFICATE_EXPIRED',
    group: 'time',
    severity: 'error',
    title: 'a certificate has expired',
    needs: ['certificates'],
    remedy: 'certs renew NAME',
    find: evidence =>
      leavesAmong(subjectsOf(evidence))
        .filter(subject => !isKubelets(subject.entry) && subject.leaf.notAfter <= evidence.now)
        .map(({ entry, name, file, leaf }) => ({
          ...{ certificate: name, file },
          ...{ expected: `valid at ${instant(evidence.now)}`, found: expiredText(leaf, evidence.now) },
          ...{ impact: impactOf(name), remedy: renewalOf(evidence, entry) },
        })),
  },
]

function expiredText({ notAfter }: Certificate, now: Date): string {
  return `expired ${humanDuration((now.getTime() - notAfter.getTime()) / 1000)} ago, on ${instant(notAfter)}`
}
