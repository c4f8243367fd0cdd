// Looks at a bounded number of many things at a time, the longest unseen first, and remembers what was seen of the others.

export class Rounds<T> {
  #seen = new Map<string, { readonly value: T; readonly round: number }>()
  #round = 0

  get(name: string): T | undefined {
    return this.#seen.get(name)?.value
  }

  /** Looks at up to `most` of `among`, which are of `all`; what is not in `all` any more is forgotten. */
  async look(
    { all, among = all, most }: { all: readonly string[]; among?: readonly string[]; most: number },
    read: (name: string, before: T | undefined) => Promise<T>,
  ): Promise<void> {
    this.#round += 1
    const there = new Set(all)
    for (const name of this.#seen.keys()) if (!there.has(name)) this.#seen.delete(name)
    const roundOf = (name: string) => this.#seen.get(name)?.round ?? 0
    const chosen = [...among].sort((a, b) => roundOf(a) - roundOf(b)).slice(0, most)
    const round = this.#round
    await Promise.all(
      chosen.map(async name => {
        this.#seen.set(name, { value: await read(name, this.get(name)), round })
      }),
    )
  }
}
