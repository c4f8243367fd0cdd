// What runlet uses of zod, and where all of it takes that from: the build makes one file of this (test/support/bundle.mjs). Zod itself is
// a hundred, half of them messages in other languages, which no process that starts every minute should wait for.
export {
  array,
  base64,
  boolean,
  custom,
  discriminatedUnion,
  enum,
  type infer,
  instanceof,
  int,
  literal,
  number,
  object,
  type RefinementCtx,
  record,
  strictObject,
  string,
  tuple,
  union,
  unknown,
  type ZodType,
} from 'zod'
