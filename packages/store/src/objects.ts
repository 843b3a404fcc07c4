/**
 * Objects as files. The key `a/b` is the file `a/b$` below `objects/`: a key may then be a beginning of another one, as S3
 * has it. A file comes into its place whole, in one rename after it was synced: a store that is killed, or a full disk,
 * leaves the old object or the new one, never half of one.
 *
 * An upload in parts is a folder below `uploads/` with its key and one file per part, until it is completed.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface ObjectInfo {
  readonly key: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Differs when the object differs. */
  readonly etag: string
}

export interface Listing {
  readonly objects: readonly ObjectInfo[]
  /** What the keys begin with that the delimiter cuts off. */
  readonly prefixes: readonly string[]
  /** The last key or prefix that is told, when there are more. */
  readonly next: string | null
}

export interface ListOptions {
  readonly prefix: string
  readonly isDelimited: boolean
  /** Only what sorts after it. */
  readonly after: string
  readonly limit: number
}

/** The body is not what its sender signed. */
export class BodyDiffers extends Error {}

const SUFFIX = '$'
/** An upload that nobody completed for so long is given up. */
const UPLOAD_LIFE_MS = 86_400_000
/** A client that did not hear of a completion asks again within seconds. */
const REMEMBERED_MS = 600_000

/** Nothing that is encoded so can leave its folder, nor end like another kind of name. */
const encode = (segment: string): string =>
  encodeURIComponent(segment).replaceAll('.', '%2E').replaceAll('~', '%7E')

export class ObjectFiles {
  readonly #objects: string
  readonly #uploads: string
  readonly #completions = new Map<string, Promise<ObjectInfo | undefined>>()

  constructor(dataDir: string) {
    this.#objects = join(dataDir, 'objects')
    this.#uploads = join(dataDir, 'uploads')
  }

  /** Makes the folders, and removes what a killed store or a client that went away left. */
  async open(nowMs: number): Promise<void> {
    await mkdir(this.#objects, { recursive: true })
    await mkdir(this.#uploads, { recursive: true })
    for (const name of await readdir(this.#uploads)) {
      const path = join(this.#uploads, name)
      const { mtimeMs } = await stat(path)
      if (name.startsWith('put-') || nowMs - mtimeMs > UPLOAD_LIFE_MS)
        await rm(path, { recursive: true, force: true })
    }
  }

  #fileOf(key: string): string {
    return join(this.#objects, ...key.split('/').map(encode)) + SUFFIX
  }

  /** @param sha256 Of the body, as its sender signed it; null: it did not. */
  async put(key: string, body: Readable, sha256: string | null): Promise<ObjectInfo> {
    const incoming = join(this.#uploads, `put-${randomUUID()}`)
    try {
      await writeSynced(incoming, body, sha256)
      return await this.#place(incoming, key)
    } finally {
      await rm(incoming, { force: true })
    }
  }

  async #place(file: string, key: string): Promise<ObjectInfo> {
    const target = this.#fileOf(key)
    const made = await mkdir(dirname(target), { recursive: true })
    await rename(file, target)
    await syncFolders(dirname(target), made === undefined ? dirname(target) : dirname(made))
    const info = await this.info(key)
    if (info === undefined) throw new TypeError(`${key} was removed while it was written`)
    return info
  }

  async info(key: string): Promise<ObjectInfo | undefined> {
    try {
      const { size, mtimeMs, mtimeNs } = await stat(this.#fileOf(key), { bigint: true })
      return {
        key,
        sizeBytes: Number(size),
        modifiedMs: Number(mtimeMs),
        etag: `${mtimeNs.toString(16)}-${size.toString(16)}`,
      }
    } catch (thrown) {
      if (isAbsent(thrown)) return undefined
      throw thrown
    }
  }

  /** @param end The last byte, itself included. */
  read(key: string, start: number, end: number): Readable {
    return createReadStream(this.#fileOf(key), { start, end })
  }

  /** Nothing to do when it is not there. */
  async delete(key: string): Promise<void> {
    await rm(this.#fileOf(key), { force: true })
  }

  async list({ prefix, isDelimited, after, limit }: ListOptions): Promise<Listing> {
    const objects: ObjectInfo[] = []
    const prefixes: string[] = []
    let last = ''
    for await (const key of this.#walk('', prefix, isDelimited)) {
      if (byBytes(key, after) <= 0) continue
      if (objects.length + prefixes.length === limit) return { objects, prefixes, next: last }
      if (key.endsWith('/')) prefixes.push(key)
      else {
        const info = await this.info(key)
        if (info === undefined) continue
        objects.push(info)
      }
      last = key
    }
    return { objects, prefixes, next: null }
  }

  /** Keys in order, and, when delimited, `folder/` in the place of what is below a folder that the prefix does not name. */
  async *#walk(folder: string, prefix: string, isDelimited: boolean): AsyncGenerator<string> {
    const path = join(this.#objects, ...folder.split('/').filter(Boolean).map(encode))
    const entries = await readdir(path, { withFileTypes: true }).catch((thrown: unknown) => {
      if (isAbsent(thrown)) return []
      throw thrown
    })
    const keys = entries.map((entry) =>
      entry.isDirectory()
        ? `${folder}${decodeURIComponent(entry.name)}/`
        : `${folder}${decodeURIComponent(entry.name.slice(0, -SUFFIX.length))}`,
    )
    for (const key of keys.sort(byBytes)) {
      const isInside = key.startsWith(prefix)
      if (!key.endsWith('/')) {
        if (isInside) yield key
      } else if (isInside && isDelimited && key !== prefix) {
        if (await this.#hasObjects(key)) yield key
      } else if (isInside || prefix.startsWith(key)) {
        yield* this.#walk(key, prefix, isDelimited)
      }
    }
  }

  /** Folders stay when their last object goes. */
  async #hasObjects(folder: string): Promise<boolean> {
    for await (const _key of this.#walk(folder, folder, false)) return true
    return false
  }

  async beginUpload(key: string): Promise<string> {
    const id = randomUUID()
    const folder = join(this.#uploads, id)
    await mkdir(folder)
    await writeFile(join(folder, 'key'), key)
    return id
  }

  /** Is there such an upload, and is it of this key? */
  async isUpload(id: string, key: string): Promise<boolean> {
    if (!/^[0-9a-f-]{36}$/.test(id)) return false
    const found = await readFile(join(this.#uploads, id, 'key'), 'utf8').catch(() => undefined)
    return found === key
  }

  /** @returns The part's ETag. */
  async putPart(id: string, part: number, body: Readable, sha256: string | null): Promise<string> {
    const incoming = join(this.#uploads, `put-${randomUUID()}`)
    try {
      const etag = await writeSynced(incoming, body, sha256)
      await rename(incoming, join(this.#uploads, id, `${part}-${etag}`))
      return etag
    } finally {
      await rm(incoming, { force: true })
    }
  }

  /**
   * Asked again while it is being done, or after it was (the answer was lost), it gives the same answer.
   *
   * @returns Undefined: one of the parts is not there.
   */
  completeUpload(
    id: string,
    key: string,
    parts: readonly { readonly part: number; readonly etag: string }[],
  ): Promise<ObjectInfo | undefined> {
    const known = this.#completions.get(id)
    if (known !== undefined) return known
    const completion = this.#complete(id, key, parts)
    this.#completions.set(id, completion)
    // One that did not come about may be tried again, and none is remembered for ever.
    const forget = (): void => void this.#completions.delete(id)
    completion.then((info) => {
      if (info === undefined) forget()
      else setTimeout(forget, REMEMBERED_MS).unref()
    }, forget)
    return completion
  }

  async #complete(
    id: string,
    key: string,
    parts: readonly { readonly part: number; readonly etag: string }[],
  ): Promise<ObjectInfo | undefined> {
    const folder = join(this.#uploads, id)
    const there = new Set(await readdir(folder))
    const files = parts.map(({ part, etag }) => `${part}-${etag}`)
    if (!files.every((file) => there.has(file))) return undefined
    const whole = join(folder, `whole-${randomUUID()}`)
    await writeFile(whole, '')
    for (const file of files) {
      await pipeline(createReadStream(join(folder, file)), createWriteStream(whole, { flags: 'a' }))
    }
    await sync(whole)
    const info = await this.#place(whole, key)
    await this.abandonUpload(id)
    return info
  }

  /** Is it being completed, or was it just now? */
  isCompleting(id: string): boolean {
    return this.#completions.has(id)
  }

  async abandonUpload(id: string): Promise<void> {
    await rm(join(this.#uploads, id), { recursive: true, force: true })
  }
}

const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right))

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'

/** @returns The body's MD5, hexadecimal: S3's ETag of a part. */
async function writeSynced(
  path: string,
  body: Readable,
  expectedSha256: string | null,
): Promise<string> {
  const md5 = createHash('md5')
  const sha256 = createHash('sha256')
  await pipeline(
    body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        md5.update(chunk)
        sha256.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path, { flush: true }),
  )
  if (expectedSha256 !== null && sha256.digest('hex') !== expectedSha256) throw new BodyDiffers()
  return md5.digest('hex')
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

/** A new name lasts when its folder is synced, and a new folder when the one that it is in is. */
async function syncFolders(from: string, upTo: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    await sync(folder)
    if (folder === upTo || folder === dirname(folder)) return
  }
}
