/** The store through its front door: requests that another implementation of Signature Version 4 signs, real files. */
import { mkdtemp, readdir, rm, utimes, writeFile, mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ObjectFiles } from './objects.ts'
import { createStoreServer } from './server.ts'
import { xmlValues } from './xml.ts'

const CREDENTIALS = { accessKey: 'access', secretKey: 'secret/with+signs=' }
const SILENT = { error: () => undefined, warn: () => undefined }

let folder = ''
let server: Server
let origin = ''

const clientWith = (accessKeyId: string, secretAccessKey: string): AwsClient =>
  new AwsClient({
    accessKeyId,
    secretAccessKey,
    service: 's3',
    region: 'us-east-1',
    retries: 0,
  })
const client = clientWith(CREDENTIALS.accessKey, CREDENTIALS.secretKey)

const call = async (method: string, target: string, body?: string, headers = {}) => {
  const response = await client.fetch(`${origin}${target}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const keysOf = (text: string): readonly string[] => xmlValues(text, 'Key')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-store-'))
  const objects = new ObjectFiles(folder)
  await objects.open(Date.now())
  server = createStoreServer({
    objects,
    bucket: 'backups',
    credentials: CREDENTIALS,
    logger: SILENT,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

describe('objects', () => {
  it('are read back as they were written, whole or in part, under any name', async () => {
    const names = ['a', 'a/b', 'a b+c', 'ümlaut/%41', 'x/../y', '.', 'deep/'.repeat(9) + 'end$']
    for (const name of names) {
      const target = `/backups/${name.split('/').map(encodeURIComponent).join('/')}`
      if (name.includes('..') || name === '.') continue
      expect((await call('PUT', target, `body of ${name}`)).status).toBe(200)
      expect((await call('GET', target)).text).toBe(`body of ${name}`)
    }
    const part = await call('GET', '/backups/a', undefined, { range: 'bytes=5-6' })
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([
      206,
      'of',
      'bytes 5-6/9',
    ])
    expect((await call('GET', '/backups/a', undefined, { range: 'bytes=9-' })).status).toBe(416)
    expect((await call('HEAD', '/backups/a')).headers.get('content-length')).toBe('9')
  })

  it('are gone when they are deleted, one by one or many at once', async () => {
    for (const name of ['a', 'b', 'c&d'])
      await call('PUT', `/backups/${encodeURIComponent(name)}`, name)
    expect((await call('DELETE', '/backups/a')).status).toBe(204)
    expect((await call('DELETE', '/backups/a')).status).toBe(204)
    const many = '<Delete><Object><Key>b</Key></Object><Object><Key>c&amp;d</Key></Object></Delete>'
    expect((await call('POST', '/backups/?delete=', many)).status).toBe(200)
    expect(keysOf((await call('GET', '/backups/?list-type=2')).text)).toEqual([])
    expect((await call('GET', '/backups/b')).status).toBe(404)
  })

  it('are replaced whole: a body that is not what was signed leaves the old one', async () => {
    await call('PUT', '/backups/a', 'old')
    const signed = await client.sign(`${origin}/backups/a`, {
      method: 'PUT',
      body: 'new',
      headers: {
        'x-amz-content-sha256': '11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437',
      },
    })
    const forged = await fetch(signed.url, { method: 'PUT', headers: signed.headers, body: 'bad' })
    expect([forged.status, await forged.text()]).toEqual([
      400,
      expect.stringContaining('XAmzContentSHA256Mismatch'),
    ])
    expect((await call('GET', '/backups/a')).text).toBe('old')
    expect(await readdir(join(folder, 'uploads'))).toEqual([])
  })

  it('come together from their parts, and from nothing else', async () => {
    const begun = await call('POST', '/backups/big?uploads=')
    const [id = ''] = xmlValues(begun.text, 'UploadId')
    const put = async (part: number, body: string) =>
      (await call('PUT', `/backups/big?partNumber=${part}&uploadId=${id}`, body)).headers.get(
        'etag',
      )
    const etags = [await put(1, 'first, '), await put(2, 'second')]
    await put(2, 'second again, and not named')
    const complete = (parts: readonly (string | null)[]) =>
      call(
        'POST',
        `/backups/big?uploadId=${id}`,
        `<CompleteMultipartUpload>${parts
          .map(
            (etag, at) =>
              `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag ?? ''}</ETag></Part>`,
          )
          .join('')}</CompleteMultipartUpload>`,
      )
    expect((await complete([...etags, '"none"'])).text).toContain('InvalidPart')
    expect((await call('GET', '/backups/big')).status).toBe(404)
    expect((await complete(etags)).status).toBe(200)
    expect((await call('GET', '/backups/big')).text).toBe('first, second')
    // Its answer may have been lost.
    expect((await complete(etags)).status).toBe(200)
    expect((await call('PUT', `/backups/big?partNumber=1&uploadId=../../etc`, 'x')).status).toBe(
      404,
    )
  })
})

describe('a list', () => {
  beforeEach(async () => {
    for (const name of ['a/1', 'a/2', 'a-b', 'a', 'b/c/d', 'c'])
      await call('PUT', `/backups/${name}`, '')
  })
  const list = async (query: string) => (await call('GET', `/backups/?list-type=2&${query}`)).text

  it('has every key in the order of its bytes', async () => {
    expect(keysOf(await list(''))).toEqual(['a', 'a-b', 'a/1', 'a/2', 'b/c/d', 'c'])
    expect(keysOf(await list('prefix=a/'))).toEqual(['a/1', 'a/2'])
    expect(keysOf(await list('prefix=b/c'))).toEqual(['b/c/d'])
  })

  it('stops at the delimiter, and names no folder that is empty by now', async () => {
    const text = await list('delimiter=%2F')
    expect([keysOf(text), xmlValues(text, 'Prefix')]).toEqual([
      ['a', 'a-b', 'c'],
      ['', 'a/', 'b/'],
    ])
    // A prefix that names a folder is what is in it, not the folder.
    const inside = await list('delimiter=%2F&prefix=a%2F')
    expect([keysOf(inside), xmlValues(inside, 'Prefix')]).toEqual([['a/1', 'a/2'], ['a/']])
    await call('DELETE', '/backups/b/c/d')
    expect(xmlValues(await list('delimiter=%2F'), 'Prefix')).toEqual(['', 'a/'])
  })

  it('comes in pages, each key once', async () => {
    for (const query of ['', 'delimiter=%2F&']) {
      const seen: string[] = []
      let token = ''
      do {
        const text = await list(`${query}max-keys=2${token}`)
        seen.push(...keysOf(text), ...xmlValues(text, 'Prefix').filter((prefix) => prefix !== ''))
        const [next] = xmlValues(text, 'NextContinuationToken')
        token = next === undefined ? '' : `&continuation-token=${next}`
      } while (token !== '')
      const whole = await list(query)
      const all = [
        ...keysOf(whole),
        ...xmlValues(whole, 'Prefix').filter((prefix) => prefix !== ''),
      ]
      expect([...seen].sort()).toEqual([...all].sort())
      expect(new Set(seen).size).toBe(seen.length)
    }
  })
})

describe('whoever has not the key', () => {
  it.each([
    [
      'signs with another secret',
      () => clientWith(CREDENTIALS.accessKey, 'guess'),
      'SignatureDoesNotMatch',
    ],
    [
      'has another access key',
      () => clientWith('guess', CREDENTIALS.secretKey),
      'InvalidAccessKeyId',
    ],
  ])('and %s learns nothing', async (_what, thief, code) => {
    await call('PUT', '/backups/a', 'secret')
    const response = await thief().fetch(`${origin}/backups/a`)
    const text = await response.text()
    expect(response.status).toBe(403)
    expect(text).toContain(code)
    expect(text).not.toContain('secret')
  })

  it('and does not sign learns nothing, not even by a signed link', async () => {
    await call('PUT', '/backups/a', 'secret')
    expect((await fetch(`${origin}/backups/a`)).status).toBe(403)
    const link = await client.sign(`${origin}/backups/a`, { aws: { signQuery: true } })
    expect((await fetch(link.url)).status).toBe(403)
  })

  it('cannot use a signature for another request, nor an old one', async () => {
    const signed = await client.sign(`${origin}/backups/a`, { method: 'GET' })
    const other = await fetch(`${origin}/backups/b`, { headers: signed.headers })
    expect(await other.text()).toContain('SignatureDoesNotMatch')
    const old = await client.sign(`${origin}/backups/a`, {
      aws: { datetime: '20200101T000000Z' },
    })
    expect(await (await fetch(old.url, { headers: old.headers })).text()).toContain(
      'RequestTimeTooSkewed',
    )
  })

  it('is told of another bucket only when the key is right', async () => {
    expect((await call('GET', '/other/?list-type=2')).text).toContain('NoSuchBucket')
    expect(await (await fetch(`${origin}/other/`)).text()).toContain('AccessDenied')
  })
})

it('a store that comes up removes what it was killed over, and uploads that nobody completes', async () => {
  const uploads = join(folder, 'uploads')
  await writeFile(join(uploads, 'put-half'), 'half of an object')
  const stale = join(uploads, '01234567-89ab-cdef-0123-456789abcdef')
  await mkdir(stale)
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
  await utimes(stale, twoDaysAgo, twoDaysAgo)
  const [young = ''] = xmlValues((await call('POST', '/backups/big?uploads=')).text, 'UploadId')
  await new ObjectFiles(folder).open(Date.now())
  expect(await readdir(uploads)).toEqual([young])
})
