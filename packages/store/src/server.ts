/**
 * The trial store's HTTP side: as much of S3 as pgBackRest speaks, path style, one bucket, which is always there. Every
 * request has to be signed with the store's key; one that is not learns nothing.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
import { createHash } from 'node:crypto'
import { createServer as createPlainServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { ObjectFiles } from './objects.ts'
import { BodyDiffers, type ObjectInfo } from './objects.ts'
import { verifySignature, type Credentials } from './signature.ts'
import { element, xmlDocument, xmlValues } from './xml.ts'

export interface StoreServerOptions {
  readonly objects: ObjectFiles
  readonly bucket: string
  readonly credentials: Credentials
  readonly logger: Pick<Logger, 'error' | 'warn'>
  /** Absent only in tests: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

interface Request {
  readonly method: string
  /** Decoded, without the bucket; empty: the bucket itself. */
  readonly key: string
  readonly query: URLSearchParams
  readonly message: IncomingMessage
  /** Of the body, as it was signed; null: not signed. */
  readonly sha256: string | null
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string
  /** Sends the body instead. */
  readonly send?: (response: ServerResponse) => Promise<void>
}

/** A request for many deletions names at most a thousand keys. */
const LARGEST_DOCUMENT_BYTES = 4 * 1024 ** 2
const MOST_KEYS = 1000

export function createStoreServer(options: StoreServerOptions): Server {
  const listener: RequestListener = (message, response) => {
    void respond(options, message, response)
  }
  return options.tls === undefined
    ? createPlainServer(listener)
    : createServer({ ...options.tls, minVersion: 'TLSv1.2' }, listener)
}

async function respond(
  options: StoreServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(options, message).catch((thrown: unknown): Answer => {
    if (thrown instanceof BodyDiffers)
      return errorAnswer(400, 'XAmzContentSHA256Mismatch', 'the body is not what was signed')
    if (message.destroyed) return errorAnswer(400, 'RequestTimeout', 'the client went away')
    const isFull = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC'
    options.logger.error({ err: thrown, method: message.method, target: message.url }, 'failed')
    return isFull
      ? errorAnswer(507, 'InsufficientStorage', 'the disk of the trial store is full')
      : errorAnswer(500, 'InternalError', 'the log of the store has the reason')
  })
  try {
    // What is left of a body that nobody read would be taken for the next request.
    if (!message.complete) message.resume()
    const { body = '', headers = {} } = answer
    const size = answer.send === undefined ? { 'content-length': Buffer.byteLength(body) } : {}
    response.writeHead(answer.status, { ...size, ...headers })
    await (answer.send?.(response) ?? response.end(body))
  } catch (thrown) {
    options.logger.warn({ err: thrown, target: message.url }, 'the client did not get its answer')
    response.destroy()
  }
}

async function answerTo(options: StoreServerOptions, message: IncomingMessage): Promise<Answer> {
  const { method = '', url: target = '', headers } = message
  const verdict = verifySignature({ method, target, headers }, options.credentials, Date.now())
  if (verdict !== 'ok')
    return errorAnswer(403, verdict, 'the request is not signed as this store wants it')
  const url = new URL(target, 'https://store')
  const [, bucket = '', ...segments] = url.pathname.split('/').map(decodeURIComponent)
  if (bucket !== options.bucket)
    return errorAnswer(404, 'NoSuchBucket', `there is no bucket but ${options.bucket}`)
  const signed = String(headers['x-amz-content-sha256'])
  const request: Request = {
    method,
    key: segments.join('/'),
    query: url.searchParams,
    message,
    sha256: /^[0-9a-f]{64}$/.test(signed) ? signed : null,
  }
  return request.key === '' ? answerForBucket(request, options) : answerForKey(request, options)
}

function answerForBucket(
  request: Request,
  { objects, bucket }: StoreServerOptions,
): Promise<Answer> | Answer {
  const { method, query } = request
  if (method === 'GET' && query.get('list-type') === '2') return list(request, objects, bucket)
  if (method === 'POST' && query.has('delete')) return deleteMany(request, objects)
  if (method === 'HEAD') return { status: 200 }
  return notImplemented(method, query)
}

async function answerForKey(request: Request, { objects }: StoreServerOptions): Promise<Answer> {
  const { method, key, query, message, sha256 } = request
  const id = query.get('uploadId')
  if (id !== null) return answerForUpload(request, id, objects)
  switch (method) {
    case 'GET':
    case 'HEAD':
      return read(request, objects)
    case 'PUT':
      return { status: 200, headers: headersOf(await objects.put(key, message, sha256)) }
    case 'DELETE':
      await objects.delete(key)
      return { status: 204 }
    case 'POST':
      if (query.has('uploads'))
        return xmlAnswer('InitiateMultipartUploadResult', [
          element('Key', key),
          element('UploadId', await objects.beginUpload(key)),
        ])
  }
  return notImplemented(method, query)
}

async function answerForUpload(
  request: Request,
  id: string,
  objects: ObjectFiles,
): Promise<Answer> {
  const { method, key, query, message, sha256 } = request
  const isRepeated = method === 'POST' && objects.isCompleting(id)
  if (!isRepeated && !(await objects.isUpload(id, key)))
    return errorAnswer(404, 'NoSuchUpload', 'it was completed or given up, or never begun')
  if (method === 'PUT') {
    const part = Number(query.get('partNumber'))
    if (!Number.isInteger(part) || part < 1 || part > 10_000)
      return errorAnswer(400, 'InvalidArgument', 'partNumber is 1 to 10000')
    return {
      status: 200,
      headers: { etag: quoted(await objects.putPart(id, part, message, sha256)) },
    }
  }
  if (method === 'DELETE') {
    await objects.abandonUpload(id)
    return { status: 204 }
  }
  if (method !== 'POST') return notImplemented(method, query)
  const body = await documentOf(request)
  const numbers = xmlValues(body, 'PartNumber').map(Number)
  const etags = xmlValues(body, 'ETag').map((etag) => etag.replaceAll('"', ''))
  const parts = numbers.map((part, index) => ({ part, etag: etags[index] ?? '' }))
  const info = await objects.completeUpload(id, key, parts)
  return info === undefined
    ? errorAnswer(400, 'InvalidPart', 'a part is not there as it was named')
    : xmlAnswer('CompleteMultipartUploadResult', [
        element('Key', key),
        element('ETag', quoted(info.etag)),
      ])
}

async function read({ method, key, message }: Request, objects: ObjectFiles): Promise<Answer> {
  const info = await objects.info(key)
  if (info === undefined) return errorAnswer(404, 'NoSuchKey', 'there is no such object')
  const range = rangeOf(message.headers.range, info.sizeBytes)
  if (range === 'unsatisfiable')
    return errorAnswer(416, 'InvalidRange', `the object has ${info.sizeBytes} bytes`)
  const [start, end] = range ?? [0, info.sizeBytes - 1]
  const headers = {
    ...headersOf(info),
    'accept-ranges': 'bytes',
    'content-length': end - start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${info.sizeBytes}` }),
  }
  const status = range === undefined ? 200 : 206
  if (method === 'HEAD' || end < start) return { status, headers }
  const send = (response: ServerResponse) => pipeline(objects.read(key, start, end), response)
  return { status, headers, send }
}

/** `bytes=5-9`, `bytes=5-` or `bytes=-5`; whatever else a header says counts as none. */
function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (found === null || (found[1] === '' && found[2] === '')) return undefined
  const last = sizeBytes - 1
  const start = found[1] === '' ? Math.max(0, sizeBytes - Number(found[2])) : Number(found[1])
  const end = found[1] === '' || found[2] === '' ? last : Math.min(last, Number(found[2]))
  return start > last || end < start ? 'unsatisfiable' : [start, end]
}

async function list({ query }: Request, objects: ObjectFiles, bucket: string): Promise<Answer> {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  if (delimiter !== '' && delimiter !== '/')
    return errorAnswer(400, 'InvalidArgument', 'the only delimiter is /')
  const token = query.get('continuation-token')
  const asked = Number(query.get('max-keys') ?? MOST_KEYS)
  const limit = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, MOST_KEYS) : MOST_KEYS
  const listing = await objects.list({
    prefix,
    isDelimited: delimiter === '/',
    after: token === null ? (query.get('start-after') ?? '') : fromToken(token),
    limit,
  })
  return xmlAnswer('ListBucketResult', [
    element('Name', bucket),
    element('Prefix', prefix),
    element('KeyCount', listing.objects.length + listing.prefixes.length),
    element('MaxKeys', limit),
    element('IsTruncated', String(listing.next !== null)),
    ...(listing.next === null ? [] : [element('NextContinuationToken', toToken(listing.next))]),
    ...listing.objects.map((info) =>
      element('Contents', [
        element('Key', info.key),
        element('LastModified', new Date(info.modifiedMs).toISOString()),
        element('ETag', quoted(info.etag)),
        element('Size', info.sizeBytes),
        element('StorageClass', 'STANDARD'),
      ]),
    ),
    ...listing.prefixes.map((folder) => element('CommonPrefixes', [element('Prefix', folder)])),
  ])
}

const toToken = (key: string): string => Buffer.from(key).toString('base64url')
const fromToken = (token: string): string => Buffer.from(token, 'base64url').toString()

async function deleteMany(request: Request, objects: ObjectFiles): Promise<Answer> {
  const keys = xmlValues(await documentOf(request), 'Key')
  for (const key of keys) await objects.delete(key)
  return xmlAnswer('DeleteResult', [])
}

async function documentOf({ message, sha256 }: Request): Promise<string> {
  if (!(Number(message.headers['content-length']) <= LARGEST_DOCUMENT_BYTES))
    throw new TypeError('a document of unknown or too large a size')
  const document = await text(message)
  if (sha256 !== null && createHash('sha256').update(document).digest('hex') !== sha256)
    throw new BodyDiffers()
  return document
}

const quoted = (etag: string): string => `"${etag}"`

const headersOf = (info: ObjectInfo) => ({
  etag: quoted(info.etag),
  'last-modified': new Date(info.modifiedMs).toUTCString(),
})

const xmlAnswer = (root: string, children: readonly string[]): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xmlDocument(root, children),
})

const errorAnswer = (status: number, code: string, message: string): Answer => ({
  ...xmlAnswer('Error', [element('Code', code), element('Message', message)]),
  status,
})

const notImplemented = (method: string, query: URLSearchParams): Answer =>
  errorAnswer(501, 'NotImplemented', `the trial store knows no ${method} ?${query.toString()}`)
