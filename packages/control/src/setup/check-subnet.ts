/** Whether a cluster's subnet collides with a network that this machine already reaches. */
import { run } from '@neuronha/runtime/exec.ts'

export interface SubnetCollision {
  readonly cidr: string
  /** `route via eth0`, `docker network shop_default`. */
  readonly owner: string
}

interface Network {
  readonly cidr: string
  readonly owner: string
}

/**
 * The networks of this machine that share an address with `cidr`.
 *
 * @param ownNetwork name of the cluster's own docker network, which does not count
 */
export async function checkSubnet(
  cidr: string,
  ownNetwork?: string,
): Promise<readonly SubnetCollision[]> {
  const dockerNetworks = await observeDockerNetworks()
  const own = dockerNetworks
    .filter((network) => network.name === ownNetwork)
    .map((network) => network.cidr)
  const others: Network[] = [
    ...dockerNetworks
      .filter((network) => network.name !== ownNetwork)
      .map(({ name, cidr: taken }) => ({ cidr: taken, owner: `docker network ${name}` })),
    ...(await observeRoutes()),
  ]
  const known = new Set(own)
  return others.filter((network) => {
    if (known.has(network.cidr) || !isOverlapping(cidr, network.cidr)) return false
    // A docker network shows up as a route as well; say it once, by its name.
    known.add(network.cidr)
    return true
  })
}

/** Whether two IPv4 networks have an address in common; false for anything that is not one. */
export function isOverlapping(left: string, right: string): boolean {
  const a = parseCidr(left)
  const b = parseCidr(right)
  if (a === undefined || b === undefined) return false
  const shorter = Math.min(a.bits, b.bits)
  const prefixOf = (address: number): number => Math.floor(address / 2 ** (32 - shorter))
  return prefixOf(a.address) === prefixOf(b.address)
}

/** The networks in the output of `ip -4 route show`, the default route left out. */
export function parseRoutes(text: string): readonly Network[] {
  return text.split('\n').flatMap((line) => {
    const [target = '', ...words] = line.trim().split(/\s+/)
    if (parseCidr(target) === undefined) return []
    const device = words[words.indexOf('dev') + 1] ?? 'an unknown device'
    return [{ cidr: target.includes('/') ? target : `${target}/32`, owner: `route via ${device}` }]
  })
}

function parseCidr(text: string): { readonly address: number; readonly bits: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text)
  if (match === null) return undefined
  const [, ...numbers] = match
  const bytes = numbers.slice(0, 4).map(Number)
  const bits = Number(numbers[4] ?? 32)
  if (bits > 32 || bytes.some((byte) => byte > 255)) return undefined
  return { address: bytes.reduce((sum, byte) => sum * 256 + byte, 0), bits }
}

async function observeRoutes(): Promise<readonly Network[]> {
  const result = await run('ip', ['-4', 'route', 'show']).catch(() => undefined)
  return parseRoutes(result?.stdout ?? '')
}

async function observeDockerNetworks(): Promise<
  readonly { readonly name: string; readonly cidr: string }[]
> {
  const ids = await run('docker', ['network', 'ls', '--quiet']).catch(() => undefined)
  const list = ids?.stdout.split('\n').filter((id) => id !== '') ?? []
  if (list.length === 0) return []
  const format = '--format={{.Name}}{{range .IPAM.Config}} {{.Subnet}}{{end}}'
  // One that is removed between the two calls only makes the exit code non-zero.
  const { stdout } = await run('docker', ['network', 'inspect', format, ...list])
  return stdout.split('\n').flatMap((line) => {
    const [name = '', ...subnets] = line.trim().split(' ')
    return subnets.map((cidr) => ({ name, cidr }))
  })
}
