// The AWS SDK, loaded when a store is opened and not before: the command's start-up must not pay for it.
// Two clients share one pool of sockets and one set of credentials. `patient` retries as the SDK does. `once` sends exactly
// once, for conditional puts: the SDK's silent retry would meet its own success as a lost race (G4).
import type * as Sdk from '@aws-sdk/client-s3'
import { InvalidStoreUrlError } from '../../errors.ts'
import { REQUESTS_AT_ONCE } from '../object-store.ts'
import { formatS3Url, type S3Location } from './s3-url.ts'

export interface Connection {
  readonly location: S3Location
  readonly sdk: typeof Sdk
  readonly patient: Sdk.S3Client
  readonly once: Sdk.S3Client
  close(): void
}

const CONNECT_TIMEOUT_MS = 5_000
const PATIENT_ATTEMPTS = 5

const ignore = () => undefined
/** The SDK would otherwise print to the console when its sockets are busy. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** Loads the SDK and makes its clients. Sends nothing. @throws InvalidStoreUrlError when nothing names the region. */
export async function connect(location: S3Location): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-s3')
  const patient = new sdk.S3Client({
    ...settingsFor(location),
    maxAttempts: PATIENT_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, location.timeoutMs),
      socketTimeout: location.timeoutMs,
      httpAgent: { keepAlive: true, maxSockets: REQUESTS_AT_ONCE },
      httpsAgent: { keepAlive: true, maxSockets: REQUESTS_AT_ONCE },
      logger: silent,
    },
  })
  retryOnlyRefusedTimes(patient)
  await patient.config.region().catch(cause => {
    const problem = 'names no region, and neither does the AWS configuration; add ?region=…'
    throw Object.assign(new InvalidStoreUrlError(formatS3Url(location), problem), { cause })
  })
  const once = new sdk.S3Client({
    ...settingsFor(location),
    maxAttempts: 1,
    requestHandler: patient.config.requestHandler,
    credentials: patient.config.credentials,
  })
  const stops = [patient, once].map(endAttempts)
  return { location, sdk, patient, once, close }

  /** Ends what is in flight, and no attempt follows: a store that does not answer must not keep a process alive. */
  function close(): void {
    for (const stop of stops) stop()
    patient.destroy()
  }
}

/** Returns what makes every later attempt fail, also those of requests that have begun: of a lease that nobody gave back, too. */
function endAttempts({ middlewareStack }: Sdk.S3Client): () => void {
  let ended = false
  middlewareStack.addRelativeTo(
    <Args, Output>(next: (args: Args) => Promise<Output>) =>
      (args: Args) =>
        ended ? Promise.reject(new Error('the store was closed')) : next(args),
    { relation: 'after', toMiddleware: 'retryMiddleware', name: 'endAttempts' },
  )
  return () => {
    ended = true
  }
}

/** What a store answers when it takes a signature's time for wrong. */
const FORBIDDEN = 403

/**
 * When this machine's clock is minutes off, the SDK takes every failure for one of the clock, a 304 and a 404 too, and asks again until
 * its attempts are used up.
 */
function retryOnlyRefusedTimes({ middlewareStack }: Sdk.S3Client): void {
  middlewareStack.addRelativeTo(
    <Args, Output>(next: (args: Args) => Promise<Output>) =>
      async (args: Args) => {
        try {
          return await next(args)
        } catch (error) {
          const { $metadata } = error as { $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean } }
          if ($metadata && $metadata.httpStatusCode !== FORBIDDEN) $metadata.clockSkewCorrected = false
          throw error
        }
      },
    { relation: 'after', toMiddleware: 'retryMiddleware', name: 'retryOnlyRefusedTimes' },
  )
}

/** How the SDK's commands name the object that is read as `key`: one that begins with `/` is of the whole bucket. */
export function addressToRead(location: S3Location, key: string): { Bucket: string; Key: string } {
  return key.startsWith('/') ? { Bucket: location.bucket, Key: key.slice(1) } : address(location, key)
}

/** How the SDK's commands name the object that we call `key`. */
export function address({ bucket, prefix }: S3Location, key: string): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` }
}

/** The SDK's options for one request. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {}
}

function settingsFor({ endpoint, region, pathStyle }: S3Location) {
  return {
    ...(endpoint !== undefined && { endpoint, region: 'us-east-1' }),
    ...(region !== undefined && { region }),
    forcePathStyle: pathStyle,
    // Newer SDKs add checksum trailers by themselves, which several stores refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, the SDK opens a connection of its own for every large body.
    expectContinueHeader: false,
  } as const
}
