/** Everything a cluster should be, derived from its file and secrets: files, Compose text, hashes. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { WantedContainer } from '@neuronha/core/plan/plan-up.ts'
import {
  renderCompose,
  type ComposeOptions,
  type ConfigHashes,
} from '@neuronha/core/render/compose.ts'
import { renderContainerFiles } from '@neuronha/core/render/cluster.ts'
import type { RenderedFile, RenderedFiles } from '@neuronha/core/render/files.ts'
import type { NotificationSecrets } from '@neuronha/core/render/alertmanager.ts'
import type { ExternalSecrets } from '@neuronha/core/render/services.ts'
import type { ClusterSecrets, TlsPair } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { allContainers } from '@neuronha/core/topology/containers.ts'

export interface Desired {
  readonly files: RenderedFiles
  readonly compose: string
  readonly containers: readonly WantedContainer[]
  readonly images: ComposeOptions['images']
}

export interface DesireOptions extends Omit<ComposeOptions, 'hashOf'> {
  readonly external: ExternalSecrets
}

export const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Renders the whole cluster for these images, as it will lie below `filesDir`. */
export function desireCluster(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  options: DesireOptions,
): Desired {
  const files = renderContainerFiles(spec, secrets, options.external)
  const hashes = new Map<string, ConfigHashes>()
  const rendered = renderCompose(spec, {
    images: options.images,
    filesDir: options.filesDir,
    engineSocket: options.engineSocket,
    hashOf: (container, definition) => {
      const folder = [...files].filter(([path]) => path.startsWith(`${container.name}/`))
      const hashWith = (textOf: (file: RenderedFile) => string): string =>
        sha256(definition + folder.map(([path, file]) => `${path}\0${textOf(file)}\0`).join(''))
      const hash = {
        config: hashWith(({ text }) => text),
        start: hashWith(({ text, startPart }) => startPart ?? text),
      }
      hashes.set(container.name, hash)
      return hash
    },
  })
  return {
    files,
    compose: rendered.get('compose.yaml')?.text ?? '',
    images: options.images,
    containers: allContainers(spec).map(({ name, component }) => ({
      name,
      component,
      image: options.images[component],
      config: hashes.get(name)?.config ?? '',
      start: hashes.get(name)?.start ?? '',
    })),
  }
}

/** Secrets that the cluster file points to; paths are relative to the file. */
export async function readExternalSecrets(
  spec: ClusterSpec,
  baseDir: string,
): Promise<ExternalSecrets> {
  const notifications = await readNotificationSecrets(spec, baseDir)
  const repositories = await readRepositoryCredentials(spec, baseDir)
  if (spec.llm.provider !== 'openai-compatible' || spec.llm.apiKeyFile === null)
    return { notifications, repositories }
  const llmApiKey = await readSecret('llm.apiKeyFile', baseDir, spec.llm.apiKeyFile)
  return { notifications, repositories, llmApiKey }
}

function readRepositoryCredentials(
  { backup }: ClusterSpec,
  baseDir: string,
): Promise<NonNullable<ExternalSecrets['repositories']>> {
  return Promise.all(
    backup.repositories.map(async (repository, index) => {
      if (repository.kind === 'trial') return undefined
      const at = (field: 'accessKeyFile' | 'secretKeyFile'): Promise<string> =>
        readSecret(`backup.repositories.${index}.${field}`, baseDir, repository[field])
      const { caFile } = repository
      return {
        accessKey: await at('accessKeyFile'),
        secretKey: await at('secretKeyFile'),
        caCertificate:
          caFile === null
            ? undefined
            : await readNamedFile(`backup.repositories.${index}.caFile`, baseDir, caFile),
      }
    }),
  )
}

async function readNotificationSecrets(
  { notifications: { webhooks, mail } }: ClusterSpec,
  baseDir: string,
): Promise<NotificationSecrets> {
  const webhookUrls = await Promise.all(
    webhooks.map(async ({ urlFile }, index) => {
      if (urlFile === null) return undefined
      const field = `notifications.webhooks.${index}.urlFile`
      const url = await readSecret(field, baseDir, urlFile)
      if (/^https?:\/\//.test(url)) return url
      throw new PlatformError('CLUSTER_FILE_INVALID', `${field}: ${urlFile} holds no http(s) URL`, {
        hint: 'The file holds the URL and nothing else.',
      })
    }),
  )
  if (mail?.usernameFile == null || mail.passwordFile === null) return { webhookUrls }
  const at = (field: 'usernameFile' | 'passwordFile', path: string) =>
    readSecret(`notifications.mail.${field}`, baseDir, path)
  return {
    webhookUrls,
    mailUsername: await at('usernameFile', mail.usernameFile),
    mailPassword: await at('passwordFile', mail.passwordFile),
  }
}

const readSecret = async (field: string, baseDir: string, path: string): Promise<string> =>
  (await readNamedFile(field, baseDir, path)).trim()

/** The user's own certificate for the edge, when the file names one. */
export async function readEdgeCertificate(
  spec: ClusterSpec,
  baseDir: string,
): Promise<TlsPair | undefined> {
  const { tls } = spec.edge
  if (tls === 'auto') return undefined
  return {
    certificate: await readNamedFile('edge.tls.certificate', baseDir, tls.certificate),
    key: await readNamedFile('edge.tls.key', baseDir, tls.key),
  }
}

async function readNamedFile(field: string, baseDir: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(baseDir, path), 'utf8')
  } catch (cause) {
    throw new PlatformError('CLUSTER_FILE_INVALID', `${field}: cannot read ${path}`, {
      hint: 'Paths are relative to the cluster file; the file must be readable by root.',
      cause,
    })
  }
}
