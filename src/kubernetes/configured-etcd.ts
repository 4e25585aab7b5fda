/** etcd in kubeadm's ClusterConfiguration: on the control-plane nodes, or elsewhere with files of its own. */
import { absolutePathAt, invalid, listAt, mappingAt, refuse, type Source } from './configured-fields.ts'

const EXTERNAL = 'etcd.external'

export function etcdAt(source: Source): 'local' | 'external' {
  const isExternal = mappingAt(source, EXTERNAL) !== undefined
  if (isExternal && mappingAt(source, 'etcd.local'))
    throw invalid(source.file, 'etcd: wanted local or external, found both')
  if (isExternal) checkExternal(source)
  return isExternal ? 'external' : 'local'
}

function checkExternal(source: Source): void {
  const [ca, certificate, key] = ['caFile', 'certFile', 'keyFile'].map(file =>
    absolutePathAt(source, `${EXTERNAL}.${file}`),
  )
  if ((certificate === undefined) !== (key === undefined)) {
    const found = certificate === undefined ? 'keyFile' : 'certFile'
    throw invalid(source.file, `${EXTERNAL}: wanted certFile and keyFile or neither, found ${found} alone`)
  }
  if (certificate !== undefined && ca === undefined)
    throw invalid(source.file, `${EXTERNAL}: wanted caFile too, found certFile and keyFile`)
  checkEndpoints(source, ca === undefined && certificate === undefined)
}

function checkEndpoints(source: Source, isPlain: boolean): void {
  const field = `${EXTERNAL}.endpoints`
  const endpoints = listAt(source, field) ?? []
  endpoints.forEach((found, index) => {
    const scheme = typeof found === 'string' ? schemeOf(found) : undefined
    if (scheme === 'https:' || (isPlain && scheme !== undefined)) return
    const wanted = isPlain ? 'a URL such as https://192.0.2.21:2379' : 'an https URL'
    throw refuse(source, { field: `${field}[${index}]`, wanted, found })
  })
}

function schemeOf(text: string): string | undefined {
  return URL.canParse(text) && !/\s/.test(text) ? new URL(text).protocol : undefined
}
