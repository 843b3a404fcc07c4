/** NeuronDesktop API's configuration and the constants that are not worth a setting. */
import { desktopApiConfig, type DesktopApiConfig } from '@neuronha/core/config/processes.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'

export const METRICS_PREFIX = 'neurondesktop_api_'

export const OPEN_API = {
  title: 'NeuronDesktop API',
  description:
    'Sign-in, the cluster’s topology, and NeuronAgent’s API under /api/v1/agent/* for whoever is signed in ' +
    '(its own document is at /agent/openapi.json).',
  version: '0.1.0',
  paths: ['/api/openapi.json'],
} as const

export const loadDesktopApiConfig = (): DesktopApiConfig => loadConfig(desktopApiConfig)
