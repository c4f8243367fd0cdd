// The most memory that this process had while something ran, looked at often.
const LOOK_EVERY_MS = 50
const MIB = 1024 * 1024

export class PeakMemory {
  private peak = process.memoryUsage.rss()
  private readonly timer = setInterval(() => {
    this.peak = Math.max(this.peak, process.memoryUsage.rss())
  }, LOOK_EVERY_MS)

  /** In MiB. */
  stop(): number {
    clearInterval(this.timer)
    return Math.round(Math.max(this.peak, process.memoryUsage.rss()) / MIB)
  }
}
