// Telling of long work without making it longer: at most ten times a second, and at the end.
import type { Ambient } from '../ambient.ts'

const PAUSE_MS = 100

export class Progress {
  private readonly tell: (files: number) => void
  private readonly ambient: Ambient
  private files = 0
  private told = 0
  private toldAt: number

  constructor(ambient: Ambient, tell: ((files: number) => void) | undefined) {
    this.ambient = ambient
    this.tell = tell ?? (() => {})
    this.toldAt = ambient.monotonic()
  }

  add(files: number): void {
    this.files += files
    const now = this.ambient.monotonic()
    if (now - this.toldAt < PAUSE_MS) return
    this.toldAt = now
    this.say()
  }

  end(): void {
    if (this.files > this.told) this.say()
  }

  private say(): void {
    this.told = this.files
    this.tell(this.files)
  }
}
