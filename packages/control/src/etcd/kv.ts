/**
 * Keys, leases and transactions of etcd in plain words: text in, text out, revisions as strings (64 bits do not
 * fit a number). What stands here is what the controller and the CLI need, over the JSON gateway.
 */
import { z } from 'zod'
import { base64, type EtcdClient } from './etcd-client.ts'

export interface KeyValue {
  readonly key: string
  readonly value: string
  readonly createRevision: string
  readonly modRevision: string
  /** `0`: the key has no lease. */
  readonly lease: string
}

export interface Range {
  /** The store's revision at which all of it was read. */
  readonly revision: string
  readonly kvs: readonly KeyValue[]
}

export interface PageOptions {
  readonly limit: number
  /** Only keys whose name comes before this one. */
  readonly before?: string
  /** Only keys from this name on. */
  readonly from?: string
  /** The last names first. */
  readonly descending?: boolean
}

/** A part of the keys with a prefix. */
export interface Page extends Range {
  /** How many keys were asked for, those that did not fit the page included. */
  readonly total: number
}

export type KeyRange = { readonly key: string } | { readonly prefix: string }

/** A condition of a transaction. `createRevision: '0'`: the key is absent. */
export type Compare = { readonly key: string } & (
  | { readonly value: string }
  | { readonly modRevision: string }
  | { readonly createRevision: string }
  | { readonly lease: string }
)

export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly delete: string }

export interface TransactionAnswer {
  readonly succeeded: boolean
  readonly revision: string
}

export interface Kv {
  /** One key, or undefined. Linearizable. */
  get(key: string): Promise<KeyValue | undefined>
  /** Every key with a prefix, as of one revision. */
  list(prefix: string): Promise<Range>
  /** Several keys and prefixes, all as of one revision. */
  read(ranges: readonly KeyRange[]): Promise<Range>
  put(key: string, value: string, lease?: string): Promise<void>
  delete(key: string): Promise<void>
  /** All operations in their order when every condition holds, else none. */
  transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): Promise<TransactionAnswer>
  grantLease(ttlSeconds: number): Promise<string>
  /** Seconds left, 0 when the lease is gone. */
  keepAlive(lease: string): Promise<number>
  revokeLease(lease: string): Promise<void>
}

/** A Kv whose prefixes may hold more keys than one answer should. */
export interface PagedKv extends Kv {
  /** Keys with a prefix in the order of their names, as many as the limit allows. */
  page(prefix: string, options: PageOptions): Promise<Page>
}

const keyValue = z
  .object({
    key: z.string(),
    value: z.string().default(''),
    create_revision: z.string().default('0'),
    mod_revision: z.string().default('0'),
    lease: z.string().default('0'),
  })
  .transform((kv): KeyValue => ({
    key: textOf(kv.key),
    value: textOf(kv.value),
    createRevision: kv.create_revision,
    modRevision: kv.mod_revision,
    lease: kv.lease,
  }))
const header = z.object({ revision: z.string() })
const rangeAnswer = z.object({
  header,
  kvs: z.array(keyValue).default([]),
  count: z.coerce.number().default(0),
})
const readAnswer = z.object({
  header,
  responses: z
    .array(
      z.object({
        response_range: z.object({ kvs: z.array(keyValue).default([]) }).default({ kvs: [] }),
      }),
    )
    .default([]),
})
const transactionAnswer = z.object({ header, succeeded: z.boolean().default(false) })
const grantAnswer = z.object({ ID: z.string() })
const keepAliveAnswer = z.object({ result: z.object({ TTL: z.coerce.number().default(0) }) })
const anyAnswer = z.unknown()

const textOf = (encoded: string): string => Buffer.from(encoded, 'base64').toString()

/** The end of the range of all keys with a prefix: its last byte plus one. */
const endOf = (prefix: string): string => {
  const bytes = Buffer.from(prefix)
  const last = bytes.length - 1
  bytes.writeUInt8(bytes.readUInt8(last) + 1, last)
  return bytes.toString('base64')
}

const rangeBody = (range: KeyRange): unknown => ({
  request_range:
    'key' in range
      ? { key: base64(range.key) }
      : { key: base64(range.prefix), range_end: endOf(range.prefix) },
})

const compareBody = (compare: Compare): Readonly<Record<string, string>> => {
  const base = { key: base64(compare.key), result: 'EQUAL' }
  if ('value' in compare) return { ...base, target: 'VALUE', value: base64(compare.value) }
  if ('modRevision' in compare) return { ...base, target: 'MOD', mod_revision: compare.modRevision }
  if ('createRevision' in compare)
    return { ...base, target: 'CREATE', create_revision: compare.createRevision }
  return { ...base, target: 'LEASE', lease: compare.lease }
}

const operationBody = (operation: Operation): unknown =>
  'put' in operation
    ? {
        request_put: {
          key: base64(operation.put),
          value: base64(operation.value),
          ...(operation.lease === undefined ? {} : { lease: operation.lease }),
        },
      }
    : { request_delete_range: { key: base64(operation.delete) } }

export function createKv(etcd: EtcdClient): PagedKv {
  const range = async (body: unknown): Promise<Page> => {
    const answer = await etcd.call('kv/range', body, rangeAnswer)
    return { revision: answer.header.revision, kvs: answer.kvs, total: answer.count }
  }
  return {
    get: async (key) => (await range({ key: base64(key) })).kvs[0],
    list: (prefix) => range({ key: base64(prefix), range_end: endOf(prefix) }),
    page: (prefix, { limit, from, before, descending = false }) =>
      range({
        key: base64(from === undefined || from < prefix ? prefix : from),
        range_end: before === undefined ? endOf(prefix) : base64(before),
        limit: String(limit),
        sort_target: 'KEY',
        sort_order: descending ? 'DESCEND' : 'ASCEND',
      }),
    read: async (ranges) => {
      const answer = await etcd.call('kv/txn', { success: ranges.map(rangeBody) }, readAnswer)
      return {
        revision: answer.header.revision,
        kvs: answer.responses.flatMap(({ response_range }) => response_range.kvs),
      }
    },
    put: async (key, value, lease) => {
      const body = { key: base64(key), value: base64(value) }
      await etcd.call('kv/put', lease === undefined ? body : { ...body, lease }, anyAnswer)
    },
    delete: async (key) => {
      await etcd.call('kv/deleterange', { key: base64(key) }, anyAnswer)
    },
    transaction: async (compares, operations) => {
      const body = {
        compare: compares.map(compareBody),
        success: operations.map(operationBody),
      }
      const answer = await etcd.call('kv/txn', body, transactionAnswer)
      return { succeeded: answer.succeeded, revision: answer.header.revision }
    },
    grantLease: async (ttlSeconds) =>
      (await etcd.call('lease/grant', { TTL: String(ttlSeconds) }, grantAnswer)).ID,
    keepAlive: async (lease) =>
      (await etcd.call('lease/keepalive', { ID: lease }, keepAliveAnswer)).result.TTL,
    revokeLease: async (lease) => {
      await etcd.call('lease/revoke', { ID: lease }, anyAnswer)
    },
  }
}
