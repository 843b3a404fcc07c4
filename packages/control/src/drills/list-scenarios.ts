/** `drill list`: every drill by its group, what it does, and what users may notice. Pure. */
import { createColors } from 'picocolors'
import { predictedCell } from '@neuronha/core/predict/format-prediction.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { ScenarioGroup } from './scenarios/scenario.ts'
import { GROUPS } from './scenarios/scenario.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'
import { variantOf } from './variant.ts'

export interface ScenarioRow {
  readonly name: string
  readonly group: ScenarioGroup
  readonly kind: string
  readonly variants: readonly string[]
  readonly does: string
  readonly blastRadius: string
  readonly mayShowErrors: boolean
  readonly needsController: boolean
  /** How long writes should pause; null where there is no prediction. */
  readonly predicted: string | null
}

export const listScenarios = (spec: ClusterSpec): readonly ScenarioRow[] =>
  SCENARIOS.map((scenario) => ({
    name: scenario.name,
    group: scenario.group,
    kind: scenario.kind,
    variants: (scenario.variants ?? []).map(variantOf),
    does: scenario.does,
    blastRadius: scenario.blastRadius,
    mayShowErrors: scenario.mayShowErrors === true,
    needsController: scenario.needsController === true,
    predicted: predictedCell(spec, scenario.name) ?? null,
  }))

const TITLES: Readonly<Record<ScenarioGroup, string>> = {
  database: 'Database and consensus',
  planned: 'Planned work',
  path: 'The way to the database and the front door',
  services: 'Services',
  control: 'Controllers and the machine',
  backups: 'Backups',
}

export function formatScenarios(
  rows: readonly ScenarioRow[],
  { color }: { readonly color: boolean },
): string {
  const paint = createColors(color)
  return GROUPS.flatMap((group) => {
    const drills = rows.filter((row) => row.group === group)
    if (drills.length === 0) return []
    const lines = drills.map(({ name, variants, does, blastRadius, predicted }) => {
      const pause =
        predicted === null ? '' : `\n    ${paint.dim(`Writes should pause: ${predicted}`)}`
      const forms = variants.length === 0 ? '' : paint.dim(` (${variants.join(', ')})`)
      return `  ${paint.bold(name)}${forms}\n    ${does}\n    ${paint.dim(`Users may notice: ${blastRadius}`)}${pause}`
    })
    return [[paint.underline(TITLES[group]), ...lines].join('\n')]
  }).join('\n\n')
}
