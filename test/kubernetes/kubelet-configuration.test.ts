import { describe, expect, it } from 'vitest'
import { parseKubeletConfiguration, parseKubeletFlags } from '../../src/kubernetes/kubelet-configuration.ts'

describe('flags of a kubelet', () => {
  it.each([
    [
      "kubeadm's file",
      'KUBELET_KUBEADM_ARGS="--node-ip=192.0.2.10 --v=2"\n',
      { 'node-ip': '192.0.2.10', v: '2' },
    ],
    [
      'a systemd unit',
      '[Service]\nEnvironment="A=--config=/x/config.yaml --kubeconfig=/y"\n',
      { config: '/x/config.yaml', kubeconfig: '/y' },
    ],
    [
      'several lines',
      'A="--rotate-certificates \\\n--tls-cert-file /a.crt \\\n"\n',
      { 'rotate-certificates': 'true', 'tls-cert-file': '/a.crt' },
    ],
    ['the last one wins', "A='--v=1 --v=2'", { v: '2' }],
    ['no comments, no other text', '# --v=1\n; --v=2\nA=-v=3\nB=x--v=4\n', {}],
  ])('%s', (_, text, flags) => {
    expect(Object.fromEntries(parseKubeletFlags(text))).toEqual(flags)
  })
})

describe("a kubelet's configuration", () => {
  it('has what is about certificates', () => {
    const text =
      'rotateCertificates: true\ntlsCertFile: a.crt\nauthentication: {x509: {clientCAFile: /ca.crt}}\n'
    expect(parseKubeletConfiguration(text)).toMatchObject({
      ...{ rotateCertificates: true, tlsCertFile: 'a.crt', clientCAFile: '/ca.crt', misspelt: [] },
      serverTLSBootstrap: undefined,
    })
  })

  it.each([
    ['servertlsbootstrap: true', [{ found: 'servertlsbootstrap', meant: 'serverTLSBootstrap' }]],
    [
      'Authentication: {x509: {clientCAFile: /a}}',
      [{ found: 'Authentication.x509.clientCAFile', meant: 'authentication.x509.clientCAFile' }],
    ],
    ['tlsCertFile: a\nTlsCertFile: b', []],
    ['somethingElse: true', []],
  ])('with letters in the wrong case: %s', (text, misspelt) => {
    expect(parseKubeletConfiguration(text)).toMatchObject({ misspelt })
  })

  it.each([
    ['', 'EMPTY_FILE'],
    ['- a list', 'YAML_MALFORMED'],
    ['{', 'YAML_MALFORMED'],
  ])('is none: %j', (text, reason) => {
    expect(parseKubeletConfiguration(text)).toMatchObject({ reason })
  })
})
