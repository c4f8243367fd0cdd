// A guarantee that did not hold. What a process is told in a typed error is never one by itself.
import { RunletError } from '../../lib/errors.ts'

export type Guarantee = 'G1' | 'G2' | 'G3' | 'G4' | 'G5' | 'G6' | 'G7' | 'G9' | 'G10'

export class Violation extends Error {
  readonly guarantee: Guarantee

  constructor(guarantee: Guarantee, message: string, options?: ErrorOptions) {
    super(`${guarantee}: ${message}`, options)
    this.name = 'Violation'
    this.guarantee = guarantee
  }
}

export const isRunletError = (error: unknown): error is RunletError => error instanceof RunletError
