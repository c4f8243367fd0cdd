// The whole extension: runlet as a datastore of swamp. Swamp reads the type from this text, before it loads anything.
import { datastore as runlet } from 'npm:runlet@0.1.0/swamp'

export const datastore = {
  ...runlet,
  type: '@runlet/runlet',
}
