/** The readers of what comes from outside. Each is called as its callers call it, and everything of its result is used. */
import { parseClusterConfiguration } from '../../src/kubernetes/cluster-configuration.ts'
import {
  addEmbedded,
  type Kubeconfig,
  parseKubeconfig,
  parseWaitingKubeconfig,
  replaceEmbedded,
} from '../../src/kubernetes/kubeconfig.ts'
import { hostPathOf, parseStaticPod } from '../../src/kubernetes/static-pod.ts'
import { parseYaml } from '../../src/kubernetes/yaml.ts'
import { findingsOf } from '../../src/pki/answer-checks.ts'
import { answerPath } from '../../src/pki/answer-path.ts'
import { parseManifest } from '../../src/pki/read-manifest.ts'
import { readAnswer } from '../../src/x509/answer.ts'
import {
  type Certificate,
  publicKeySha256Of,
  readCertificates,
  signatureOf,
} from '../../src/x509/certificate.ts'
import { readCertificateRequest } from '../../src/x509/certificate-request.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { algorithmOf, encodePublicKey, readPrivateKey } from '../../src/x509/key.ts'
import { readRequested } from '../../src/x509/requested.ts'
import { messagesOf, orRefusal } from './contract.ts'
import type { Corpus, CorpusKind } from './corpus.ts'
import { TREE_TARGETS } from './tree-targets.ts'

export interface Target {
  readonly name: string
  readonly corpus: CorpusKind
  /** Its part of all runs. */
  readonly weight: number
  /** How often it reads the input: each time has its second. */
  readonly reads?: number
  /** Returns what it would say to people. */
  readonly run: (input: Buffer, corpus: Corpus) => readonly string[]
}

const NOW = new Date('2026-12-01T00:00:00Z')
const utf8 = (input: Buffer) => input.toString('utf8')

/** Every field is worked out when it is read. */
function useCertificate(certificate: Certificate): void {
  const { notBefore, notAfter } = certificate
  JSON.stringify(certificate)
  if (Number.isNaN(notBefore.getTime() + notAfter.getTime())) throw new Error('a date that is none')
  publicKeySha256Of(certificate)
  signatureOf(certificate)
  tbsPartsOf(certificate.der)
}

function findings(certificates: readonly Certificate[], corpus: Corpus): string[] {
  const anchor = authorityIn(corpus)
  const wanted = {
    subject: tbsPartsOf(anchor.der).subject,
    subjectAltNames: [],
    keyUsage: [],
    extKeyUsage: ['serverAuth'],
  }
  return certificates.slice(0, 3).flatMap(certificate => {
    const path = answerPath(certificate, {
      anchors: [anchor],
      others: certificates.slice(0, 20),
      strangers: new Map(),
    })
    return findingsOf({ wanted, certificate, path, now: NOW, minValidity: 86_400_000 }).map(one => one.code)
  })
}

let known: Certificate | undefined
function authorityIn(corpus: Corpus): Certificate {
  const answer =
    known ??
    corpus('answer')
      .map(readAnswer)
      .find(one => 'certificates' in one)?.certificates[0]
  known = answer
  return answer as Certificate
}

function readKubeconfig(text: string): readonly string[] {
  const config = parseKubeconfig(text)
  if ('reason' in config) return messagesOf(config)
  return [...config.warnings, ...orRefusal(() => replace(text, config))]
}

function replace(text: string, config: Kubeconfig): readonly string[] {
  const changed = replaceEmbedded(text, replacementsFor(config))
  if ('reason' in parseKubeconfig(changed)) throw new Error('replaced, it is no kubeconfig any more')
  return []
}

function replacementsFor({ clientCertificate, clientKey, certificateAuthority }: Kubeconfig) {
  return [clientCertificate, clientKey, certificateAuthority].flatMap(one =>
    one?.at === 'data' ? [{ path: one.path, pem: 'new' }] : [],
  )
}

function fillKubeconfig(text: string): readonly string[] {
  const waiting = parseWaitingKubeconfig(text)
  if (!waiting) return []
  const path = [...waiting.userPath, waiting.clientKey.at === 'data' ? 'client-key-data' : 'client-key']
  return orRefusal(() => [addEmbedded(text, path, 'client-certificate-data', 'new')].slice(1))
}

/** As it is while it waits for its certificate. */
function waiting(input: Buffer): string {
  return utf8(input).replace(/^ *client-certificate(-data)?:.*\n/gm, '')
}

const PURE: readonly Target[] = [
  {
    name: 'certificates',
    corpus: 'certificate',
    weight: 18,
    run: input => {
      const read = readCertificates(utf8(input))
      if ('reason' in read) return messagesOf(read)
      read.certificates.slice(0, 5).map(useCertificate)
      return read.warnings
    },
  },
  {
    name: 'answer',
    corpus: 'answer',
    weight: 18,
    run: (input, corpus) => {
      const read = readAnswer(input)
      if ('reason' in read) return messagesOf(read)
      read.certificates.slice(0, 5).map(useCertificate)
      findings(read.certificates, corpus)
      return []
    },
  },
  {
    name: 'request',
    corpus: 'request',
    weight: 14,
    run: input => {
      const read = readCertificateRequest(input)
      if ('reason' in read) return messagesOf(read)
      const requested = readRequested(input.toString('latin1'))
      return 'reason' in requested ? messagesOf(requested) : []
    },
  },
  { name: 'key', corpus: 'key', weight: 10, run: input => readKey(utf8(input)) },
  { name: 'encrypted-key', corpus: 'key', weight: 10, run: input => readKey(utf8(input), 'test') },
  {
    name: 'yaml',
    corpus: 'kubeconfig',
    weight: 4,
    run: input => {
      const read = parseYaml(utf8(input))
      return 'reason' in read ? messagesOf(read) : []
    },
  },
  {
    name: 'kubeconfig',
    corpus: 'kubeconfig',
    weight: 10,
    reads: 4,
    run: input => readKubeconfig(utf8(input)),
  },
  {
    name: 'waiting-kubeconfig',
    corpus: 'kubeconfig',
    weight: 4,
    reads: 4,
    run: input => fillKubeconfig(waiting(input)),
  },
  {
    name: 'static-pod',
    corpus: 'pod',
    weight: 4,
    run: input => {
      const pod = parseStaticPod(utf8(input))
      if ('reason' in pod) return messagesOf(pod)
      hostPathOf(pod, '/etc/kubernetes/pki/ca.crt')
      return []
    },
  },
  {
    name: 'configuration',
    corpus: 'configuration',
    weight: 8,
    run: input => orRefusal(() => parseClusterConfiguration(utf8(input), 'kubeadm.yaml').warnings),
  },
  {
    name: 'requests',
    corpus: 'requests',
    weight: 3,
    run: input => {
      const read = parseManifest(utf8(input))
      return 'reason' in read ? messagesOf(read) : []
    },
  },
]

function readKey(text: string, passphrase?: string): readonly string[] {
  const read = readPrivateKey(text, passphrase)
  if ('reason' in read) return messagesOf(read)
  encodePublicKey(read)
  algorithmOf(read)
  return []
}

export const TARGETS: readonly Target[] = [...PURE, ...TREE_TARGETS]
