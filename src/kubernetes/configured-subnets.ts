/** Subnets in kubeadm's documents: one CIDR, or one of each family with a comma between them. */
import { parseCidr } from '../ip-address.ts'
import { refuse, type Source, textAt } from './configured-fields.ts'

/** Bits for hosts: ten addresses at least, and no more than the API server can keep count of. */
const SERVICE_HOST_BITS = { least: 4, most: 20 }

export function subnetsAt(source: Source, field: string): string | undefined {
  return subnetAt(source, field, wantedOfSubnets)
}

export function serviceSubnetAt(source: Source, field: string): string | undefined {
  return subnetAt(source, field, wantedOfServiceSubnet)
}

function subnetAt(source: Source, field: string, wantedOf: (text: string) => string | undefined) {
  const found = textAt(source, field)
  const wanted = found === undefined ? undefined : wantedOf(found)
  if (wanted !== undefined) throw refuse(source, { field, wanted, found })
  return found
}

function wantedOfSubnets(text: string): string | undefined {
  const families = text.split(',').map(cidr => parseCidr(cidr)?.address.bytes.length)
  const areSubnets = !families.includes(undefined) && new Set(families).size === families.length
  return areSubnets ? undefined : 'a CIDR, or one of IPv4 and one of IPv6 with a comma'
}

/** What it ought to be; undefined when it is one. */
export function wantedOfServiceSubnet(text: string): string | undefined {
  const { least, most } = SERVICE_HOST_BITS
  for (const cidr of text.split(',').map(parseCidr)) {
    if (!cidr) return wantedOfSubnets(text)
    const bits = cidr.address.bytes.length * 8
    const family = bits === 32 ? 'IPv4' : 'IPv6'
    const hosts = bits - cidr.prefix
    if (hosts < least || hosts > most) return `/${bits - most} to /${bits - least} for ${family}`
  }
  return wantedOfSubnets(text)
}
