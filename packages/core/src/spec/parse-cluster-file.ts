/**
 * Cluster file text → a spec, or every problem at once with its path, its line, what was found and how
 * to mend it. Pure: reading the file is the caller's.
 */
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { clusterSpecSchema, type ClusterSpec } from './cluster-spec.ts'
import { CLUSTER_RULES, type RuleIssue } from './rules.ts'
import { closestOf } from './closest.ts'

export interface ClusterFileIssue {
  /** Dotted path, for example `database.pooler.replicas`; empty for the file as a whole. */
  readonly path: string
  /** What is wrong, what was found, and how to mend it. */
  readonly message: string
  /** 1-based line in the file; undefined for a field that is not written there. */
  readonly line: number | undefined
}

export type ParsedClusterFile =
  | { readonly kind: 'ok'; readonly spec: ClusterSpec }
  | { readonly kind: 'invalid'; readonly issues: readonly ClusterFileIssue[] }

type Path = readonly (string | number)[]

/** Parses and validates a cluster file. An empty text is the default cluster. */
export function parseClusterFile(text: string): ParsedClusterFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return {
      kind: 'invalid',
      issues: document.errors.map((error) => ({
        path: '',
        message: `is not YAML: ${error.message}`,
        line: lines.linePos(error.pos[0]).line,
      })),
    }
  }
  const value: unknown = document.toJS() ?? {}
  const lineOf = (path: Path): number | undefined => lineOfPath(document, lines, path)
  const parsed = clusterSpecSchema.safeParse(value)
  if (!parsed.success) {
    const issues = parsed.error.issues.flatMap((issue) => describeIssue(issue, value))
    return invalid(issues, lineOf)
  }
  const broken = CLUSTER_RULES.flatMap((rule) => rule(parsed.data))
  return broken.length > 0 ? invalid(broken, lineOf) : { kind: 'ok', spec: parsed.data }
}

/** One issue as the CLI prints it: `line 4: database.members: …`. */
export const formatClusterFileIssue = ({ path, message, line }: ClusterFileIssue): string =>
  `${line === undefined ? '' : `line ${line}: `}${path === '' ? 'the file' : path}: ${message}`

const invalid = (
  issues: readonly RuleIssue[],
  lineOf: (path: Path) => number | undefined,
): ParsedClusterFile => ({
  kind: 'invalid',
  issues: issues
    .map(({ path, message }) => ({ path: path.join('.'), message, line: lineOf(path) }))
    .sort((left, right) => (left.line ?? 0) - (right.line ?? 0)),
})

/** Line of the deepest part of the path that the file has. */
function lineOfPath(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as
      { range?: readonly number[] } | undefined
    const start = node?.range?.[0]
    if (start !== undefined) return lines.linePos(start).line
  }
  return undefined
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null
        ? (current as Record<string | number, unknown>)[key]
        : undefined,
    value,
  )

const show = (value: unknown): string => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) return 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function describeIssue(issue: z.core.$ZodIssue, file: unknown): RuleIssue[] {
  const path = issue.path.filter((key): key is string | number => typeof key !== 'symbol')
  const got = `(got ${show(valueAt(file, path))})`
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `is not a setting (got ${show(valueAt(file, [...path, key]))}) — ${suggestKey(path, key)}`,
      }))
    case 'invalid_type':
      return [
        {
          path,
          message: `must be ${article(issue.expected)} ${got} — write ${article(issue.expected)}`,
        },
      ]
    case 'invalid_value':
      return [
        {
          path,
          message: `is not one of the choices ${got} — use ${issue.values.map((choice) => String(choice)).join(' or ')}`,
        },
      ]
    case 'too_small':
      return [{ path, message: `is too small ${got} — use ${String(issue.minimum)} or more` }]
    case 'too_big':
      return [{ path, message: `is too large ${got} — use ${String(issue.maximum)} or less` }]
    default: {
      const [what, how] = issue.message.split(' — ')
      return [
        {
          path,
          message: `${what ?? 'is invalid'} ${got} — ${how ?? 'see docs/reference/cluster-file.md'}`,
        },
      ]
    }
  }
}

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)

function suggestKey(path: Path, key: string): string {
  const known = knownKeys(clusterSpecSchema, path)
  const closest = closestOf(key, known)
  if (closest !== undefined) return `did you mean ${closest}?`
  return known.length > 0 ? `settings here are ${known.join(', ')}` : 'remove it'
}

interface SchemaInternals {
  readonly def: {
    readonly type: string
    readonly shape?: Readonly<Record<string, SchemaInternals>>
    readonly innerType?: SchemaInternals
    readonly element?: SchemaInternals
  }
}

/** The keys that the schema knows at a path: through defaults, objects and arrays. */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  let current: SchemaInternals | undefined = unwrap(schema)
  for (const key of path) {
    current = unwrap(typeof key === 'number' ? current?.def.element : current?.def.shape?.[key])
  }
  return Object.keys(current?.def.shape ?? {})
}

const unwrap = (schema: SchemaInternals | undefined): SchemaInternals | undefined =>
  schema?.def.innerType === undefined ? schema : unwrap(schema.def.innerType)
