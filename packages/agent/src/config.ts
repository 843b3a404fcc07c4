/** NeuronAgent's configuration and the constants that are not worth a setting. */
import { agentConfig, type AgentConfig } from '@neuronha/core/config/processes.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'

export const SCHEMA = SCHEMAS.agent
export const METRICS_PREFIX = 'neurondb_agent_'
/** A message of a million characters, each up to four bytes, and some metadata. */
export const BODY_LIMIT_BYTES = 5 * 1024 * 1024
/** The organisation of the keys that a cluster begins with. */
export const FIRST_ORGANISATION = 'default'

export const loadAgentConfig = (): AgentConfig => loadConfig(agentConfig)
