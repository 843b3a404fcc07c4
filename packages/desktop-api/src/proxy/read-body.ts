/** The body of a request that is passed on. */
import type { IncomingMessage } from 'node:http'

/** Up to this size a body is kept, so that the request can be sent again; a larger one streams through, once. */
const KEPT_BYTES = 256 * 1024

export const readBody = async (
  request: IncomingMessage,
): Promise<Buffer | AsyncIterable<Uint8Array> | undefined> => {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding === undefined && (length === undefined || length === '0')) return undefined
  if (length === undefined || Number(length) > KEPT_BYTES) return request
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
