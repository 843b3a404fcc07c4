/** The one way that a renderer writes YAML. */
import { stringify } from 'yaml'

/**
 * YAML with sorted keys. Strings are always quoted, because Patroni's and etcd's parsers speak YAML 1.1, in which
 * a bare `on`, `no` or `1:30` is no string.
 */
export const toYaml = (value: unknown): string =>
  stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
  })
