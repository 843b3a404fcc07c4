/**
 * Any server that speaks OpenAI's chat API. One time limit over all tries; retries with jitter only until
 * the first piece of an answer has been passed on; a breaker, so that a dead provider is not waited for; a
 * bulkhead, so that a slow one does not take every request with it.
 */
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { backoffMs, sleep } from '@neuronha/runtime/clock.ts'
import { createGuard } from '@neuronha/runtime/guard.ts'
import type { AskOptions, ModelRequest, RemoteModel } from './model-provider.ts'

export interface OpenAiCompatibleOptions {
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: string | undefined
  readonly timeoutMs: number
}

const TRIES = 3
const MAX_CONCURRENT = 32
const MAX_WAITING = 64

/** The libraries cost 30 MB of memory, so they are loaded when the first question is asked. */
const loadModel = async ({ baseUrl, model, apiKey }: OpenAiCompatibleOptions) => {
  const [{ streamText }, { createOpenAICompatible }] = await Promise.all([
    import('ai'),
    import('@ai-sdk/openai-compatible'),
  ])
  const provider = createOpenAICompatible({
    name: 'openai-compatible',
    baseURL: baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  /** An agent's own model name, unless it is the built-in one's. */
  const chatModel = (name: string) => provider.chatModel(name === 'builtin' ? model : name)
  return { streamText, chatModel }
}

type LoadedModel = Awaited<ReturnType<typeof loadModel>>

const askOnce = async (
  { streamText, chatModel }: LoadedModel,
  request: ModelRequest,
  { signal, onChunk }: AskOptions,
): Promise<string> => {
  const { temperature, top_p: topP, max_tokens: maxOutputTokens } = request.config
  let failure: unknown
  const { textStream } = streamText({
    model: chatModel(request.modelName),
    ...(request.systemPrompt === '' ? {} : { system: request.systemPrompt }),
    messages: [...request.history, { role: 'user', content: request.message.content }],
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    maxRetries: 0,
    abortSignal: signal,
    onError: ({ error }) => {
      failure = error
    },
  })
  let text = ''
  for await (const piece of textStream) {
    text += piece
    onChunk(piece)
  }
  if (failure !== undefined) throw failure as Error
  if (signal.aborted) throw signal.reason as Error
  if (text === '') throw new PlatformError('MODEL_FAILED', 'The model gave an empty answer')
  return text
}

const toModelError = (thrown: unknown, signal: AbortSignal): PlatformError => {
  if (thrown instanceof PlatformError && thrown.code !== 'INTERNAL') return thrown
  if (signal.aborted) {
    return new PlatformError('UPSTREAM_TIMEOUT', 'The model did not answer in time', {
      cause: thrown,
    })
  }
  const { message } = toPlatformError(thrown)
  return new PlatformError('MODEL_FAILED', `The model provider failed: ${message}`, {
    cause: thrown,
  })
}

/** A 4xx that waiting does not mend. */
const isHopeless = (thrown: unknown): boolean => {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return false
  const { statusCode } = thrown
  return (
    typeof statusCode === 'number' &&
    statusCode >= 400 &&
    statusCode < 500 &&
    statusCode !== 408 &&
    statusCode !== 429
  )
}

const askWithRetries = async (
  loaded: LoadedModel,
  request: ModelRequest,
  { signal, onChunk }: AskOptions,
): Promise<string> => {
  const progress = { isPassedOn: false }
  const pass = (text: string): void => {
    progress.isPassedOn = true
    onChunk(text)
  }
  for (let tries = 1; ; tries += 1) {
    try {
      return await askOnce(loaded, request, { signal, onChunk: pass })
    } catch (thrown) {
      if (tries >= TRIES || progress.isPassedOn || signal.aborted || isHopeless(thrown))
        throw thrown
    }
    await sleep(backoffMs(tries, 250, 4000), signal)
  }
}

export const createOpenAiCompatibleModel = (options: OpenAiCompatibleOptions): RemoteModel => {
  let loading: Promise<LoadedModel> | undefined
  const load = (): Promise<LoadedModel> => (loading ??= loadModel(options))
  const guard = createGuard({
    name: 'The model provider',
    maxConcurrent: MAX_CONCURRENT,
    maxWaiting: MAX_WAITING,
    pauseMs: 5000,
    /** A question that the provider refuses says nothing about its health. */
    isFailure: (thrown) => !isHopeless(thrown),
  })
  return {
    kind: 'remote',
    name: options.model,
    answer: async (request, asked) => {
      const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(options.timeoutMs)])
      try {
        const loaded = await load()
        return await guard.run(() => askWithRetries(loaded, request, { ...asked, signal }))
      } catch (thrown) {
        throw toModelError(thrown, signal)
      }
    },
  }
}
