/** docs/reference/predicted-rto.md, made from the model: each profile's figures, and the terms behind them. */
import { clusterSpecSchema } from '../spec/cluster-spec.ts'
import { PROFILE_NAMES } from '../spec/profiles.ts'
import { seconds } from './format-prediction.ts'
import { predictAll, type PredictedPath, type PredictedRto } from './predict-rto.ts'

const HEAD = `# Predicted RTO

How long writes would pause, per kind of failure: from the last acknowledged write to the next, as drills count it.
\`./neuronha plan\` prints these figures for your cluster file, \`./neuronha drill run\` measures the real ones on your cluster.

Each figure is a sum of named terms. A term has a typical and a worst value: for what is polled, half of the interval
and the whole of it; for what was measured, a median and what a busy machine needs. Worst values are added up, which is
more than will happen together. *Alone* is Patroni, the engine and the poolers with every controller dead.

This page is generated from the model (\`packages/core/src/predict\`) by \`npm run docs\`.
`

const figures = (path: PredictedPath | null): string =>
  path === null ? 'not by itself' : `${seconds(path.typicalMs)}, at most ${seconds(path.worstMs)}`

const profileSection = (profile: (typeof PROFILE_NAMES)[number]): string => {
  const rows = predictAll(clusterSpecSchema.parse({ profile })).map(
    ({ failure, what, withControllers, withoutControllers }) =>
      `| \`${failure}\` | ${what} | ${figures(withControllers)} | ${figures(withoutControllers)} |\n`,
  )
  return `\n## Profile ${profile}\n\n| failure | what happens | with controllers | alone |\n|---|---|---|---|\n${rows.join('')}`
}

const termLines = (path: PredictedPath | null): string =>
  path === null
    ? '- it does not mend itself\n'
    : path.terms
        .map(
          ({ name, typicalMs, worstMs }) =>
            `- ${name}: ${seconds(typicalMs)}, at most ${seconds(worstMs)}\n`,
        )
        .join('')

const sameTerms = ({ withControllers, withoutControllers }: PredictedRto): boolean =>
  JSON.stringify(withControllers) === JSON.stringify(withoutControllers)

const termSection = (prediction: PredictedRto): string => {
  const { failure, what, withControllers, withoutControllers } = prediction
  const title = `\n### ${failure}\n\n${what[0]?.toUpperCase() ?? ''}${what.slice(1)}.\n`
  if (sameTerms(prediction)) return `${title}\n${termLines(withControllers)}`
  return `${title}\nWith controllers:\n\n${termLines(withControllers)}\nAlone:\n\n${termLines(withoutControllers)}`
}

/** The page's Markdown. */
export function predictedRtoReference(): string {
  const terms = predictAll(clusterSpecSchema.parse({})).map(termSection)
  return `${HEAD}${PROFILE_NAMES.map(profileSection).join('')}\n## The terms, in the profile fast\n${terms.join('')}`
}
