/** docs/reference/cluster-file.md, made from the schema: every setting, its default, what it may be. */
import { clusterFileJsonSchema } from './json-schema.ts'
import { clusterSpecSchema } from './cluster-spec.ts'

interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly default?: unknown
}

const HEAD = `# The cluster file

One YAML file says what a cluster is. Every setting is optional and every default is safe; an empty file is
the whole system. Sizes are written as \`512MB\`, durations as \`30s\`. Editors complete and check it with
\`docs/reference/cluster-file.schema.json\`.

This page is generated from the schema by \`npm run docs\`.

| setting | default | may be | what it is |
|---|---|---|---|
`

/** The page's Markdown. */
export function clusterFileReference(): string {
  const schema = clusterFileJsonSchema() as JsonSchema
  const defaults: unknown = clusterSpecSchema.parse({})
  return HEAD + rowsOf(schema, '', defaults).join('')
}

function rowsOf(schema: JsonSchema, path: string, defaults: unknown): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const at = path === '' ? key : `${path}.${key}`
    const value = (defaults as Record<string, unknown> | undefined)?.[key]
    const row = `| \`${at}\` | ${property.properties ? '' : showDefault(value)} | ${showChoices(property)} | ${escapeCell(property.description ?? '')} |\n`
    if (property.properties) return [row, ...rowsOf(property, at, value)]
    const alternatives = property.oneOf ?? property.anyOf ?? []
    const nested = [property.items, ...alternatives].filter((option) => option?.properties)
    return [
      row,
      ...nested.flatMap((option) =>
        rowsOf(option ?? {}, property.items ? `${at}[]` : at, undefined),
      ),
    ]
  })
}

const showDefault = (value: unknown): string =>
  value === undefined ? '' : `\`${escapeCell(JSON.stringify(value))}\``

function showChoices(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((choice) => `\`${String(choice)}\``).join(', ')
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const).replaceAll('"', '')}\``
  const alternatives = schema.oneOf ?? schema.anyOf
  if (alternatives) return [...new Set(alternatives.map(showChoices))].filter(Boolean).join(' or ')
  if (schema.type === 'integer' || schema.type === 'number') return showRange(schema)
  if (schema.type === 'array') return 'a list'
  if (schema.type === 'object') return schema.properties ? '' : 'a map'
  return schema.type === 'null' ? '`null`' : (schema.type ?? '')
}

/** JSON Schema writes "no limit" as the largest safe integer. */
function showRange({ minimum, maximum }: JsonSchema): string {
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined
  if (low !== undefined && high !== undefined) return `${low} to ${high}`
  return low === undefined ? 'a number' : `${low} or more`
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
