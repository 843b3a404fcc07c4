/**
 * zod compiles its parsers with `new Function`, which the content security policy forbids and reports. It
 * decides when a schema is made, so this module comes before every contract: first import of main.tsx,
 * and in zod's own chunk (vite.config.ts).
 */
import { config } from 'zod'

config({ jitless: true })
