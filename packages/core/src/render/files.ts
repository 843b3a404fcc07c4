/** What a renderer returns: the files of the containers, as text. Nothing here touches a disk. */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'

export interface RenderedFile {
  readonly text: string
  /** 0o400 for a secret, 0o444 otherwise; the owner is always the containers' uid. */
  readonly mode: number
  /** Holds a password or a key: never logged, never in a golden with a real value. */
  readonly secret: boolean
  /**
   * What of the text counts only when the process starts; all else is taken up by a reload (SIGHUP). Absent: all of
   * the text.
   */
  readonly startPart?: string
}

/**
 * Path → file. Paths are relative to the cluster's state folder and start with the container's name:
 * `neurondb-member-1/patroni.yml` is /etc/neuronha/patroni.yml inside that container.
 */
export type RenderedFiles = ReadonlyMap<string, RenderedFile>

/** One tool's files, from the cluster file and its secrets; the same input gives the same bytes. */
export type Renderer = (spec: ClusterSpec, secrets: ClusterSecrets) => RenderedFiles

export const plainFile = (text: string): RenderedFile => ({ text, mode: 0o444, secret: false })
export const secretFile = (text: string): RenderedFile => ({ text, mode: 0o400, secret: true })

/** A file that a reload takes up, all of it but `startPart`. */
export const reloadable = (file: RenderedFile, startPart = ''): RenderedFile => ({
  ...file,
  startPart,
})

/** Where a container finds its rendered folder, read-only. */
export const CONFIG_DIR = '/etc/neuronha'
export const TLS_PATHS = {
  ca: `${CONFIG_DIR}/tls/ca.crt`,
  certificate: `${CONFIG_DIR}/tls/tls.crt`,
  key: `${CONFIG_DIR}/tls/tls.key`,
  /** Certificate and key in one file, as HAProxy wants it. */
  pair: `${CONFIG_DIR}/tls/tls.pem`,
} as const

/** First lines of every rendered file that can hold comments. */
export const header = (tool: string, comment = '#'): string =>
  [
    `${comment} ${tool} configuration of a NeuronHA cluster.`,
    `${comment} Generated from the cluster file by \`neuronha\`; changes made here are overwritten by the next \`up\`.`,
    '',
  ].join('\n')
