/** The controller's configuration: the contract's schema, read from the rendered file. */
import { controllerConfig, type ControllerConfig } from '@neuronha/core/config/processes.ts'
import { loadConfig } from '@neuronha/runtime/load-config.ts'

export const loadControllerConfig = (): ControllerConfig => loadConfig(controllerConfig)
