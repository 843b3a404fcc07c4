/** The alerts as Prometheus reads them: one file per group, under rules/. */
import { alertGroups } from '../alerts/alert-groups.ts'
import { runbookPath, type AlertGroup, type AlertRule } from '../alerts/alert.ts'
import { containersOf } from '../topology/containers.ts'
import { header, plainFile, type RenderedFile, type Renderer } from './files.ts'
import { toYaml } from './yaml.ts'

export const RULES_FOLDER = 'rules'

const duration = (seconds: number): string =>
  seconds % 60 === 0 && seconds > 0 ? `${seconds / 60}m` : `${seconds}s`

const renderRule = (rule: AlertRule) => ({
  alert: rule.alert,
  expr: rule.expr,
  ...(rule.forSeconds === 0 ? {} : { for: duration(rule.forSeconds) }),
  labels: { severity: rule.severity },
  annotations: {
    summary: rule.summary,
    description: `${rule.meaning} By itself: ${rule.byItself} You may: ${rule.youMay}`,
    runbook: runbookPath(rule),
  },
})

const renderGroup = ({ name, rules }: AlertGroup): RenderedFile =>
  plainFile(header('Prometheus') + toYaml({ groups: [{ name, rules: rules.map(renderRule) }] }))

export const renderPrometheusRules: Renderer = (spec) =>
  new Map(
    containersOf(spec, 'prometheus').flatMap(({ name }) =>
      alertGroups(spec).map(
        (group) => [`${name}/${RULES_FOLDER}/${group.name}.yml`, renderGroup(group)] as const,
      ),
    ),
  )
