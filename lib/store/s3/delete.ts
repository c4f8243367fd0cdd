// Deletes keys, as many a request as S3 takes. Without conditions: several stores ignore If-Match on a delete, so that nothing
// may rest on one.
import { abortable, address, type Connection } from './connection.ts'
import { explain, type Request } from './explain.ts'

const BATCH = 1000

export async function deleteAll(
  connection: Connection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < keys.length; start += BATCH) {
    await deleteBatch(connection, keys.slice(start, start + BATCH), signal)
  }
}

async function deleteBatch(
  { sdk, location, patient }: Connection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const request: Request = { operation: 'delete', key: keys[0] ?? '', location, signal }
  const Objects = keys.map(key => ({ Key: address(location, key).Key }))
  const command = new sdk.DeleteObjectsCommand({ Bucket: location.bucket, Delete: { Objects, Quiet: true } })
  const { Errors = [] } = await patient.send(command, abortable(signal)).catch(error => {
    throw explain(error, request)
  })
  const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey')
  if (!failed) return
  const { Key = '', Code = 'UnknownError', Message = '' } = failed
  const key = Key.slice(address(location, '').Key.length)
  throw explain(Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode: 200 } }), {
    ...request,
    key,
  })
}
