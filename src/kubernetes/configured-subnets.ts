/** Subnets in kubeadm's documents: one CIDR, or one of each family with a comma between them. */
import { parseCidr } from '../ip-address.ts'
import { refuse, type Source, textAt } from './configured-fields.ts'

/** Bits for hosts: ten addresses at least, and no more than the API server can keep count of. */
const SERVICE_HOST_BITS = { least: 4, most: 20 }

export function subnetsAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)
  if (found === undefined) return undefined
  const families = found.split(',').map(cidr => parseCidr(cidr)?.address.bytes.length)
  if (!families.includes(undefined) && new Set(families).size === families.length) return found
  throw refuse(source, { field, wanted: 'a CIDR, or one of IPv4 and one of IPv6 with a comma', found })
}

export function serviceSubnetAt(source: Source, field: string): string | undefined {
  const found = subnetsAt(source, field)
  for (const cidr of found?.split(',') ?? []) {
    const { least, most } = SERVICE_HOST_BITS
    const { address, prefix } = parseCidr(cidr) as NonNullable<ReturnType<typeof parseCidr>>
    const bits = address.bytes.length * 8
    if (bits - prefix >= least && bits - prefix <= most) continue
    const family = bits === 32 ? 'IPv4' : 'IPv6'
    throw refuse(source, { field, wanted: `/${bits - most} to /${bits - least} for ${family}`, found })
  }
  return found
}
