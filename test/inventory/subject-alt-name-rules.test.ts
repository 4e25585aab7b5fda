/** Any list of names ends up as kubeadm's rules put it: told apart, each once, DNS names sorted, addresses in order. */
import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { subjectAltNamesFor } from '../../src/inventory/profile.ts'
import { parseSubjectAltName } from '../../src/x509/subject-alt-name.ts'
import { address, name, subdomain, wildcard } from '../support/arbitrary.ts'
import { PLAIN_FACTS } from '../support/facts.ts'

it('an address is an address, a name or a wildcard a DNS name, anything else nothing', () => {
  fc.assert(
    fc.property(address, text => {
      expect(parseSubjectAltName(text)?.type).toBe('IP')
    }),
  )
  fc.assert(
    fc.property(fc.oneof(subdomain, wildcard), text => {
      expect(parseSubjectAltName(text)).toMatchObject({ type: 'DNS', value: text })
    }),
  )
  const outside = /[^a-z0-9.:*-]|^-|-$|\.\.|^\.|\.$|\*.|:$/i
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), text => {
      fc.pre(outside.test(text) && isIP(text) === 0 && !/^(\*\.|dns:|ip:)/i.test(text))
      expect(parseSubjectAltName(text)).toBeUndefined()
    }),
  )
})

it('the lists of all three rules', () => {
  const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const lists = fc.tuple(
    fc.constantFrom('apiserver', 'etcd-server', 'etcd-peer'),
    fc.array(name, { maxLength: 30 }),
  )
  fc.assert(
    fc.property(lists, ([rule, more]) => {
      const facts = {
        ...PLAIN_FACTS,
        apiServerCertSans: more,
        etcdServerCertSans: more,
        etcdPeerCertSans: more,
      }
      const names = subjectAltNamesFor(rule, facts)
      const dns = names.filter(({ type }) => type === 'DNS').map(({ value }) => value)
      const ips = names.filter(({ type }) => type === 'IP').map(({ value }) => value)
      expect([...dns, ...ips], 'names before addresses').toEqual(names.map(({ value }) => value))
      expect(dns).toEqual([...new Set(dns)].toSorted(compare))
      expect(new Set(ips).size).toBe(ips.length)
      const own = subjectAltNamesFor(rule, PLAIN_FACTS).map(({ value }) => value)
      const asked = more.filter(text => isIP(text) === 0)
      expect(new Set(dns)).toEqual(new Set([...own.filter(text => isIP(text) === 0), ...asked]))
      const wanted = more.flatMap(text => (isIP(text) ? parseSubjectAltName(text)?.value : []))
      expect(ips).toEqual([...new Set([...own.filter(text => isIP(text)), ...wanted])])
    }),
  )
})
