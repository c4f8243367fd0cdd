// What runlet uses of zod. A process that reads one path would wait longer for the hundred files that zod is, half of them messages in
// other languages, than for all that is ours.
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
