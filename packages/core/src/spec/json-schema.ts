/** The cluster file's JSON Schema, for editors: `# yaml-language-server: $schema=…` in the examples. */
import { z } from 'zod'
import { clusterSpecSchema } from './cluster-spec.ts'

export const clusterFileJsonSchema = (): unknown => ({
  $id: 'urn:neuronha:cluster-file',
  title: 'NeuronHA cluster file',
  ...z.toJSONSchema(clusterSpecSchema, { io: 'input', unrepresentable: 'any' }),
})
