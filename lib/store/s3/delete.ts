// Deletes keys: one by its own request, more as many a request as S3 takes. Without conditions: several stores ignore If-Match on a
// delete, so that nothing may rest on one.
// Ceph 16 asks for the right to delete in the whole bucket before it looks at the keys of a batch, so that who may delete below a
// prefix only is refused every batch. Such keys are deleted one by one: then each is refused, or not, for its own sake.
import type { _Error } from '@aws-sdk/client-s3'
import { failureOf } from './classify.ts'
import { abortable, address, type Connection } from './connection.ts'
import { explain, type Request } from './explain.ts'

const BATCH = 1000
const AT_ONCE = 16

export async function deleteAll(
  connection: Connection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (keys.length === 1) return deleteOne(connection, keys[0] as string, signal)
  for (let start = 0; start < keys.length; start += BATCH) {
    await deleteBatch(connection, keys.slice(start, start + BATCH), signal)
  }
}

async function deleteBatch(
  connection: Connection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sdk, location, patient } = connection
  const request: Request = { operation: 'delete', key: keys[0] ?? '', location, signal }
  const Objects = keys.map(key => ({ Key: address(location, key).Key }))
  const command = new sdk.DeleteObjectsCommand({ Bucket: location.bucket, Delete: { Objects, Quiet: true } })
  let errors: _Error[]
  try {
    errors = (await patient.send(command, abortable(signal))).Errors ?? []
  } catch (error) {
    if (failureOf(error).name === 'AccessDenied') return deleteSingly(connection, keys, signal)
    throw explain(error, request)
  }
  const failed = errors.find(({ Code }) => Code !== 'NoSuchKey')
  if (!failed) return
  const { Key = '', Code = 'UnknownError', Message = '' } = failed
  const key = Key.slice(address(location, '').Key.length)
  throw explain(Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode: 200 } }), {
    ...request,
    key,
  })
}

async function deleteSingly(
  connection: Connection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const left = keys.values()
  const worker = async () => {
    for (const key of left) await deleteOne(connection, key, signal)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, keys.length) }, worker))
}

async function deleteOne(
  { sdk, location, patient }: Connection,
  key: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await patient.send(new sdk.DeleteObjectCommand(address(location, key)), abortable(signal))
  } catch (error) {
    if (failureOf(error).name === 'NoSuchKey') return
    throw explain(error, { operation: 'delete', key, location, signal })
  }
}
