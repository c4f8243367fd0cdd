// What the S3 test server saw: one record a request, and a summary for benches that run it as a process of its own.

export type OperationName =
  | 'get'
  | 'head'
  | 'put'
  | 'conditional put'
  | 'delete'
  | 'list'
  | 'multipart'
  /** Anything else. */
  | 'other'

export interface RequestRecord {
  readonly operation: OperationName
  readonly method: string
  /** Without the bucket; empty for a listing and a batch delete. */
  readonly key: string
  readonly query: string
  /** The conditional headers as they came, quotes and all. */
  readonly condition: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined }
  /** Bytes of the request's body and of the answer's. */
  readonly bytesUp: number
  bytesDown: number
  /** 0 when the connection was broken instead of an answer. */
  status: number
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number
  endedAt: number
}

export interface Summary {
  readonly requests: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly operations: Partial<Record<OperationName, number>>
  readonly statuses: Record<string, number>
  /** The most requests that were under way at once. */
  readonly concurrency: number
}

export function operationOf(
  method: string,
  key: string,
  query: URLSearchParams,
  isConditional: boolean,
): OperationName {
  if (query.has('uploads') || query.has('uploadId')) return 'multipart'
  if (key === '') return query.has('delete') ? 'delete' : query.has('list-type') ? 'list' : 'other'
  if (method === 'PUT') return isConditional ? 'conditional put' : 'put'
  if (method === 'GET') return 'get'
  return method === 'HEAD' ? 'head' : method === 'DELETE' ? 'delete' : 'other'
}

export function summarize(records: readonly RequestRecord[]): Summary {
  const sum = (of: (record: RequestRecord) => number) => records.reduce((total, record) => total + of(record), 0)
  return {
    requests: records.length,
    bytesUp: sum(record => record.bytesUp),
    bytesDown: sum(record => record.bytesDown),
    operations: countBy(records, record => record.operation),
    statuses: countBy(records, record => String(record.status)),
    concurrency: concurrencyOf(records),
  }
}

function countBy<Name extends string>(
  records: readonly RequestRecord[],
  nameOf: (record: RequestRecord) => Name,
): Record<Name, number> {
  const counts = {} as Record<Name, number>
  for (const record of records) counts[nameOf(record)] = (counts[nameOf(record)] ?? 0) + 1
  return counts
}

function concurrencyOf(records: readonly RequestRecord[]): number {
  const steps = records.flatMap(({ startedAt, endedAt }) => [
    { at: startedAt, change: 1 },
    { at: endedAt, change: -1 },
  ])
  let now = 0
  let most = 0
  for (const { change } of steps.sort((a, b) => a.at - b.at || a.change - b.change)) {
    now += change
    most = Math.max(most, now)
  }
  return most
}
