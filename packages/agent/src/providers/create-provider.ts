import type { AgentConfig } from '@neuronha/core/config/processes.ts'
import { builtinModel } from './builtin.ts'
import type { ModelProvider } from './model-provider.ts'
import { createOpenAiCompatibleModel } from './openai-compatible.ts'

/** The model that the configuration names. */
export const createProvider = ({
  llm,
  llmTimeoutMs,
}: Pick<AgentConfig, 'llm' | 'llmTimeoutMs'>): ModelProvider =>
  llm.provider === 'builtin'
    ? builtinModel
    : createOpenAiCompatibleModel({ ...llm, timeoutMs: llmTimeoutMs })
