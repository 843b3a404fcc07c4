/**
 * A tool is a row: its name, words, schemas, annotations and access, and the use-case that it calls.
 * Registering the rows, turning failures into `isError` and bounding the answer happen here, once.
 */
import { toPlatformError, type PlatformError } from '@neuronha/core/errors.ts'
import type { McpServer } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { Sources } from '../sources/sources.ts'

export interface ToolAnswer<Output> {
  /** What a person or a model reads; the structure itself is `data`. */
  readonly text: string
  readonly data: Output
}

export interface ToolRow<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** verb_noun. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  readonly output: Output
  readonly access: 'read' | 'write'
  readonly annotations: {
    readonly readOnlyHint: boolean
    readonly destructiveHint: boolean
    readonly idempotentHint: boolean
    readonly openWorldHint: boolean
  }
  readonly run: (
    input: z.infer<Input>,
    sources: Sources,
    signal: AbortSignal,
  ) => Promise<ToolAnswer<z.infer<Output>>>
}

/** A row whose schemas are known to the registry only. */
export interface Tool {
  readonly name: string
  readonly access: 'read' | 'write'
  readonly register: (server: McpServer, sources: Sources, observer: ToolObserver) => void
}

/** Told of every call: for metrics and the log. */
export interface ToolObserver {
  called(name: string, outcome: string, seconds: number): void
  failed(name: string, error: PlatformError): void
}

/** Annotations of a tool that looks and changes nothing. */
export const READ_ONLY = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const

/** What a client gets for a failure: the code first, in words and as data. */
export const errorResultOf = (error: PlatformError) => {
  const message = error.code === 'INTERNAL' ? error.kind.meaning : error.message
  const sqlstate = error.details?.['sqlstate']
  const position = error.details?.['position']
  const lines = [
    `${error.code}: ${message}`,
    ...(typeof sqlstate === 'string' ? [`SQLSTATE ${sqlstate}`] : []),
    ...(typeof position === 'string' ? [`At character ${position}`] : []),
    ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
  ]
  return {
    isError: true,
    content: [{ type: 'text' as const, text: lines.join('\n') }],
    _meta: { 'neuronha/error': { code: error.code, retryable: error.kind.retryable } },
  }
}

/** Makes a row registrable. */
export const defineTool = <Input extends z.ZodObject, Output extends z.ZodObject>(
  row: ToolRow<Input, Output>,
): Tool => ({
  name: row.name,
  access: row.access,
  register: (server, sources, observer) => {
    // Widened, because the SDK cannot infer from a schema that is itself a type parameter.
    const schemas: { readonly inputSchema: z.ZodObject; readonly outputSchema: z.ZodObject } = {
      inputSchema: row.input,
      outputSchema: row.output,
    }
    const call = async (input: unknown, signal: AbortSignal) => {
      const startedAt = performance.now()
      const seconds = (): number => (performance.now() - startedAt) / 1000
      try {
        const { text, data } = await row.run(row.input.parse(input), sources, signal)
        observer.called(row.name, 'ok', seconds())
        return { content: [{ type: 'text' as const, text }], structuredContent: data }
      } catch (thrown) {
        const error = toPlatformError(thrown)
        observer.called(row.name, error.code, seconds())
        observer.failed(row.name, error)
        return errorResultOf(error)
      }
    }
    server.registerTool(
      row.name,
      {
        title: row.title,
        description: row.description,
        ...schemas,
        annotations: row.annotations,
      },
      (input, { mcpReq }) => call(input, mcpReq.signal),
    )
  },
})
