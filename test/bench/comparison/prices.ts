// What traffic and storage cost at the public prices of Amazon S3 (S3 Standard, US East (N. Virginia), first tier of each), as its price
// list at https://aws.amazon.com/s3/pricing/ has them. Left out: what is free of charge for small amounts (the first 100 GB out to the
// internet a month), machines, and Amazon's taxes.
import type { Traffic } from './network.ts'

/** In dollars. */
export const PRICES = {
  putOrListAThousand: 0.005,
  getAThousand: 0.0004,
  /** Deletes are free, and so is what is sent to S3, or from it to machines in its region. */
  delete: 0,
  storedGigabyteMonth: 0.023,
  gigabyteToTheInternet: 0.09,
} as const

export const DAYS_A_MONTH = 30
const GIGABYTE = 1e9

export interface Bill {
  readonly requests: number
  readonly storage: number
  /** All in one region. */
  readonly inRegion: number
  /** Everybody who reads is elsewhere. */
  readonly withEgress: number
}

/** A month of days like this one, with so much stored. */
export function billOf({ puts, gets, lists, bytesDown }: Traffic, storedBytes: number): Bill {
  const aDay = ((puts + lists) * PRICES.putOrListAThousand + gets * PRICES.getAThousand) / 1000
  const requests = aDay * DAYS_A_MONTH
  const storage = (storedBytes / GIGABYTE) * PRICES.storedGigabyteMonth
  const egress = (bytesDown / GIGABYTE) * PRICES.gigabyteToTheInternet * DAYS_A_MONTH
  return { requests, storage, inRegion: requests + storage, withEgress: requests + storage + egress }
}
