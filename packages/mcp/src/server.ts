/** The one factory of MCP servers, for HTTP and stdio, for both versions of the protocol. Holds no state. */
import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import type { Sources } from './sources/sources.ts'
import { TOOLS } from './tools/tools.ts'
import type { ToolObserver } from './tools/tool.ts'

const INSTRUCTIONS =
  'Looks into a NeuronHA cluster: its state, the data in its PostgreSQL database (read-only), and the messages of ' +
  'its agents. Begin with get_cluster_status when something seems slow or broken. Answers are bounded: follow ' +
  'next_cursor, or narrow the SQL.'

export interface ServerOptions {
  readonly cluster: string
  readonly sources: Sources
  readonly observer: ToolObserver
}

/** A factory that makes one server per request (HTTP) or per connection (stdio). */
export const createServerFactory =
  ({ cluster, sources, observer }: ServerOptions): McpServerFactory =>
  () => {
    const server = new McpServer(
      { name: 'neuronmcp', title: `NeuronMCP of ${cluster}`, version: '0.1.0' },
      { capabilities: { tools: { listChanged: false } }, instructions: INSTRUCTIONS },
    )
    for (const tool of TOOLS) tool.register(server, sources, observer)
    return server
  }
