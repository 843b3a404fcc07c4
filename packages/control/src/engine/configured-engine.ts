/** The engine as the configuration of a controller, or of its drills, names it: a proxy in each failure domain. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { ControllerConfig } from '@neuronha/core/config/processes.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { createProxyEngine, type Engine } from './engine.ts'

export function createConfiguredEngine(
  { cluster, engine }: Pick<ControllerConfig, 'cluster' | 'engine'>,
  tls: TlsFiles,
): Engine {
  const [first, ...others] = engine.urls.map(({ url }) => url)
  const urls = [assertPresent(first, 'an engine proxy'), ...others] as const
  return createProxyEngine({ cluster, urls, tls })
}
