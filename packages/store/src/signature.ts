/**
 * Whether a request was signed with the store's secret key: AWS Signature Version 4 in the Authorization header, the only
 * form that is taken. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  /** The request target as it was sent: path and query, encoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

/** `ok`, or S3's code for what is wrong. */
export type SignatureVerdict =
  'ok' | 'AccessDenied' | 'InvalidAccessKeyId' | 'RequestTimeTooSkewed' | 'SignatureDoesNotMatch'

/** As much as the clocks of the store and its client may differ; S3's own limit. */
const MAX_SKEW_MS = 15 * 60_000

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/\s,]+)\/(\d{8})\/([^/\s,]+)\/s3\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/

export function verifySignature(
  request: SignedRequest,
  credentials: Credentials,
  nowMs: number,
): SignatureVerdict {
  const parts = AUTHORIZATION.exec(headerOf(request, 'authorization'))
  if (parts === null) return 'AccessDenied'
  const [, accessKey = '', date = '', region = '', names = '', signature = ''] = parts
  if (accessKey !== credentials.accessKey) return 'InvalidAccessKeyId'
  const time = headerOf(request, 'x-amz-date')
  const signedHeaders = names.split(';')
  if (!time.startsWith(date) || !SIGNED.every((name) => signedHeaders.includes(name)))
    return 'AccessDenied'
  // Not a number where it is no time.
  if (!(Math.abs(nowMs - timeOf(time)) <= MAX_SKEW_MS)) return 'RequestTimeTooSkewed'
  const scope = [date, region, 's3', 'aws4_request']
  const canonical = canonicalRequest(request, signedHeaders)
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secretKey}`))
  const isRight = timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))
  return isRight ? 'ok' : 'SignatureDoesNotMatch'
}

/** What says where the request goes and what it carries has to be signed with the rest. */
const SIGNED = ['host', 'x-amz-content-sha256', 'x-amz-date']

const headerOf = ({ headers }: SignedRequest, name: string): string => String(headers[name] ?? '')

function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const [path = '', query = ''] = request.target.split('?')
  return [
    request.method,
    path,
    query.split('&').filter(Boolean).map(canonicalParameter).sort().join('&'),
    ...signedHeaders.map(
      (name) => `${name}:${headerOf(request, name).trim().replaceAll(/ +/g, ' ')}`,
    ),
    '',
    signedHeaders.join(';'),
    headerOf(request, 'x-amz-content-sha256'),
  ].join('\n')
}

/** `20261128T120000Z` as milliseconds since 1970. */
const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

/** A parameter without a value is signed with an empty one, and all but letters, digits and `-._~` encoded. */
const canonicalParameter = (parameter: string): string => {
  const [name = '', ...value] = parameter.split('=')
  return `${encoded(name)}=${encoded(value.join('='))}`
}

const encoded = (text: string): string =>
  encodeURIComponent(decodeURIComponent(text)).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
