// Deliberate defects, one a guarantee or protocol step at the least, kept as data. Each must make a test fail (main.ts): a
// promise that can be broken without a red test is not held by any.

export interface Mutant {
  /** What is broken, in the words of the design. */
  readonly name: string
  readonly guarantee: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a commit is acknowledged whatever became of its swap',
    guarantee: 'G1',
    file: 'lib/namespace/commit.ts',
    find: 'if (result.won) {',
    replace: 'if (result.won || result.current) {',
  },
  {
    name: 'a value is acknowledged before it is stored',
    guarantee: 'G1',
    file: 'lib/namespace/values.ts',
    find: 'await putImmutable(this.store, this.ambient, valueKey(namespace, object), bytes)',
    replace: 'void putImmutable(this.store, this.ambient, valueKey(namespace, object), bytes).catch(() => undefined)',
  },
  {
    name: 'a commit of several row sets leaves one out',
    guarantee: 'G2',
    file: 'lib/namespace/batch.ts',
    find: 'const layers = verdict.sets.filter(isNotEmpty)',
    replace: 'const layers = verdict.sets.slice(0, 1).filter(isNotEmpty)',
  },
  {
    name: 'the run is called folded before its parent has adopted it',
    guarantee: 'G2',
    file: 'lib/run/fold.ts',
    find: 'const adopted = await adopt(',
    replace: 'await end(run, { seq: 0, rows })\n  const adopted = await adopt(',
  },
  {
    name: 'a run reads its parent as it is now',
    guarantee: 'G3',
    file: 'lib/namespace/view.ts',
    find: 'return [...(await this.layersBelow(pin)), ...place(pin)]',
    replace:
      'const now = await this.store.get(["ns", pin.namespace, "_/head"].join("/"))\n    const head = now.status === "found" ? JSON.parse(Buffer.from(now.body).toString()) : pin\n    return [...(await this.layersBelow(pin)), ...place(head)]',
  },
  {
    name: 'nobody looks what came since',
    guarantee: 'G4',
    file: 'lib/namespace/integrate.ts',
    find: 'const touched = await touchedSides(context, head, change)',
    replace: 'const touched: Sides[] = []',
  },
  {
    name: 'a transaction is made against the newest head, not against what it read',
    guarantee: 'G4',
    file: 'lib/namespace/committer.ts',
    find: 'const base = options.base ?? this.context.views.view(',
    replace: 'const base = this.context.views.view(',
  },
  {
    name: 'a run’s compaction forgets what it deleted',
    guarantee: 'G3',
    file: 'lib/run/fold.ts',
    find: '[await mergeLayers(run.child, layers, { complete: false })]',
    replace: '[await mergeLayers(run.child, layers, { complete: true })]',
  },
  {
    name: 'the history is not asked whether the commit happened',
    guarantee: 'G5',
    file: 'lib/namespace/integrate.ts',
    find: 'if (done) return',
    replace: 'if (done && change.id === "") return',
  },
  {
    name: 'the origin of a fold is forgotten',
    guarantee: 'G5',
    file: 'lib/namespace/batch.ts',
    find: '...(origin && { origin }),',
    replace: '',
  },
  {
    name: 'the history ends with what the head holds',
    guarantee: 'G5',
    file: 'lib/namespace/history.ts',
    find: 'for (let segment = head.history; segment; ) {',
    replace: 'for (let segment = head.commits.length > 0 ? undefined : head.history; segment; ) {',
  },
  {
    name: 'a dead holder is never given up',
    guarantee: 'G6',
    file: 'lib/lease/leases.ts',
    find: 'return !version?.value.holder || this.watch.expired(version)',
    replace: 'return !version?.value.holder',
  },
  {
    name: 'a lease is not renewed',
    guarantee: 'G6',
    file: 'lib/lease/lease.ts',
    find: 'if (this.lost.signal.aborted) return\n      pause =',
    replace: 'if (this.ambient.monotonic() >= 0) return\n      pause =',
  },
  {
    name: 'expiry is judged by comparing two machines’ clocks',
    guarantee: 'G6',
    file: 'lib/lease/record.ts',
    find: 'const { ttlMs } = version.value\n',
    replace:
      'const { ttlMs } = version.value\n    if (this.ambient.now() - version.value.acquiredAt >= ttlMs) return true\n',
  },
  {
    name: 'the writer’s fence is not looked at',
    guarantee: 'G7',
    file: 'lib/namespace/integrate.ts',
    find: 'if (fence && (head.fences[fence.name] ?? 0) > fence.token)',
    replace: 'if (fence && (head.fences[fence.name] ?? 0) < 0)',
  },
  {
    name: 'a takeover does not raise the fence',
    guarantee: 'G7',
    file: 'lib/namespace/namespace.ts',
    find: 'return (head.fences[lease] ?? 0) >= token ? undefined :',
    replace: 'return token > 0 ? undefined :',
  },
  {
    name: 'a lock that was lost while its function ran is not reported',
    guarantee: 'G7',
    file: 'lib/runlet.ts',
    find: 'if (lease.signal.aborted) throw new LeaseLostError(name)',
    replace: '',
  },
  {
    name: 'a sealed namespace takes writes',
    guarantee: 'G1',
    file: 'lib/namespace/integrate.ts',
    find: "if (head.state !== 'open') return { kind: 'sealed', state: head.state }",
    replace: '',
  },
  {
    name: 'a pin whose head may stand on it is removed',
    guarantee: 'G9',
    file: 'lib/run/refresh.ts',
    find: 'if (refused) await removePins',
    replace: 'if (refused || error) await removePins',
  },
  {
    name: 'a run with open runs of its own is folded away',
    guarantee: 'G9',
    file: 'lib/run/fold.ts',
    find: 'if (children.length === 0) return',
    replace: 'if (children.length >= 0) return',
  },
  {
    name: 'a compaction overwrites what was committed meanwhile',
    guarantee: 'G1',
    file: 'lib/namespace/compact.ts',
    find: 'return { ...head, layers: head.layers.toSpliced(start, layers.length, ...sum) }',
    replace: 'return { ...head, layers: [...head.layers.slice(0, start), ...sum] }',
  },
  {
    name: 'rows that wait for a shard are forgotten',
    guarantee: 'G1',
    file: 'lib/namespace/merge-layers.ts',
    find: 'await this.#waiting?.writer.addAll(this.#rows.allBefore(end))',
    replace: 'for await (const _ of this.#rows.allBefore(end));',
  },
  {
    name: 'a compaction replaces layers that have moved',
    guarantee: 'G1',
    file: 'lib/namespace/compact.ts',
    find: 'if (!together) return undefined',
    replace: '',
  },
  {
    name: 'a deletion that is left out of the bottom is not told of',
    guarantee: 'G4',
    file: 'lib/namespace/merge-layers.ts',
    find: 'this.#forgot = Math.max(this.#forgot, row.seq)',
    replace: 'this.#forgot = 0',
  },
  {
    name: 'a writer that never pauses lets nobody in',
    guarantee: 'G6',
    file: 'lib/namespace/commit.ts',
    find: 'if (context.courtesy.isDue(context.ambient.monotonic()))',
    replace: 'if (context.ambient.monotonic() < 0)',
  },
  {
    name: 'a shard that is kept forgets which commit its rows belong to',
    guarantee: 'G4',
    file: 'lib/namespace/merge-layers.ts',
    find: 'const commit = seq ?? own',
    replace: 'const commit = own',
  },
  {
    name: 'a path may leave the namespace',
    guarantee: 'G10',
    file: 'lib/names.ts',
    find: "segment === '' || segment === '.' || segment === '..'",
    replace: "segment === ''",
  },
  {
    name: 'a value is not checked against its SHA-256',
    guarantee: 'G10',
    file: 'lib/namespace/values.ts',
    find: 'if (bytes.length !== row.size || sha256(bytes) !== row.sha256) throw mismatch(key)',
    replace: '',
  },
  {
    name: 'an answer that was lost is taken for a lost race',
    guarantee: 'G5',
    file: 'lib/store/register.ts',
    find: 'if (current?.value.write === value.write) return { won: true, version: current }',
    replace: '',
  },
]
