import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '@neuronha/runtime/exec.ts'
import { describe, expect, it } from 'vitest'
import { allContainers, servingContainers } from '@neuronha/core/topology/containers.ts'
import { cluster, fetchHttps, inContainer } from './cluster.ts'
import { REPOSITORY } from './neuronha.ts'

/** Every password and key of the cluster, long enough that a chance match is none. */
function secretStrings(): readonly string[] {
  const { secrets } = cluster()
  const found: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'string') found.push(value)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect)
  }
  const {
    roles,
    userRoles,
    patroniRest,
    etcd,
    signingKey,
    apiKeys,
    consoleAdmin,
    certificates,
    ca,
  } = secrets
  collect(Object.values(roles).map(({ password }) => password))
  collect(Object.values(userRoles).map(({ password }) => password))
  collect([patroniRest.password, etcd, signingKey, apiKeys, consoleAdmin.password])
  // A line from the middle of each private key.
  collect([ca, ...Object.values(certificates)].map(({ key }) => key.split('\n')[1]))
  return found.filter((text) => text.length >= 16)
}

const leaksIn = (text: string): number =>
  secretStrings().filter((secret) => text.includes(secret)).length

const containers = (): readonly string[] => allContainers(cluster().spec).map(({ name }) => name)

describe('no secret is in', () => {
  it('what is searched for: the secrets are found where they belong', async () => {
    expect(leaksIn(await readFile(cluster().state.secretsFile, 'utf8'))).toBeGreaterThan(30)
  })

  it('the Compose text', async () => {
    expect(leaksIn(await readFile(cluster().state.composeFile, 'utf8'))).toBe(0)
  })

  it('docker inspect', async () => {
    const { stdout } = await run('docker', ['inspect', ...containers()])
    expect(stdout.length).toBeGreaterThan(10_000)
    expect(leaksIn(stdout)).toBe(0)
  })

  it('the logs of any container', async () => {
    for (const name of containers()) {
      const { stdout, stderr } = await run('docker', ['logs', name])
      expect(leaksIn(stdout + stderr), name).toBe(0)
    }
  })

  it('process arguments or environments that other users may read', async () => {
    const { stdout } = await run('ps', ['-eo', 'args', 'ww'])
    expect(leaksIn(stdout)).toBe(0)
    for (const { name } of servingContainers(cluster().spec)) {
      const { stdout: environment } = await run('docker', [
        'exec',
        name,
        'cat',
        '/proc/1/environ',
        '/proc/1/cmdline',
      ])
      expect(leaksIn(environment), name).toBe(0)
    }
  })

  it('anything that git would commit', async () => {
    const { stdout } = await run(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard'],
      { cwd: REPOSITORY },
    )
    for (const file of stdout.trim().split('\n')) {
      const text = await readFile(join(REPOSITORY, file), 'utf8').catch(() => '')
      expect(leaksIn(text), file).toBe(0)
    }
  })

  it('a file that others than root and the containers’ user may read', async () => {
    const { state } = cluster()
    const { stdout } = await run('find', [state.root, '-type', 'f', '-perm', '/044'])
    for (const file of stdout.trim().split('\n').filter(Boolean)) {
      expect(leaksIn(await readFile(file, 'utf8')), file).toBe(0)
    }
    expect((await readdir(state.root)).length).toBeGreaterThan(3)
  })
})

describe('the control planes refuse strangers:', () => {
  /** Containers that have Node, and so can try; etcd, router, pooler and edge images carry no client. */
  const strangers = ['agent', 'desktop-api', 'mcp', 'controller'] as const

  const tryFrom = (
    container: string,
    url: string,
    method: string,
    body: string,
  ): Promise<string> => {
    const script = `
      const { readFileSync } = require('node:fs')
      const read = (name) => readFileSync('/etc/neuronha/tls/' + name)
      const sent = require('node:https').request(${JSON.stringify(url)}, {
        method: ${JSON.stringify(method)}, ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key'),
        headers: { 'content-type': 'application/json' }, timeout: 5000,
      }, (response) => { response.resume(); console.log(response.statusCode) })
      sent.on('error', (error) => console.log(error.code))
      sent.end(${JSON.stringify(body)})`
    return inContainer(container, ['node', '-e', script])
  }

  it.each(strangers)('Patroni’s configuration cannot be changed from %s', async (component) => {
    const { spec } = cluster()
    const member =
      allContainers(spec).find((container) => container.component === 'member')?.address ?? ''
    const body = JSON.stringify({ loop_wait: 2 })
    const status = await tryFrom(
      `${spec.name}-${component}-1`,
      `https://${member}:8008/config`,
      'PATCH',
      body,
    )
    expect(['401', '403']).toContain(status.trim())
  })

  it.each(strangers)('etcd cannot be written from %s', async (component) => {
    const { spec } = cluster()
    const etcd =
      allContainers(spec).find((container) => container.component === 'etcd')?.address ?? ''
    const key = Buffer.from(`/service/${spec.name}/leader`).toString('base64')
    const body = JSON.stringify({ key, value: key })
    const status = await tryFrom(
      `${spec.name}-${component}-1`,
      `https://${etcd}:2379/v3/kv/put`,
      'POST',
      body,
    )
    expect(['400', '401', '403']).toContain(status.trim())
    const { stdout } = await run('docker', [
      'exec',
      `${spec.name}-member-1`,
      'patronictl',
      '-c',
      '/etc/neuronha/patroni.yml',
      'list',
    ])
    expect(stdout).toMatch(/Leader/)
  })

  it('a connection without a certificate of the cluster is not even spoken to', async () => {
    const { spec, ca } = cluster()
    const agent =
      allContainers(spec).find((container) => container.component === 'agent')?.address ?? ''
    await expect(
      fetchHttps(`https://${agent}:8080/health`, {}, { ca, servername: 'agent' }),
    ).rejects.toThrow()
  })
})
