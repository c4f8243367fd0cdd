// What failed, as JSON lines: in the stream of thousands of results nobody finds it. `hung` is a file that did not end within the time
// limit of test/run.mjs.
export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue
    const { failureType, message, cause } = data.details.error
    const hung = failureType === 'testTimeoutFailure' && data.name === data.file
    yield `${JSON.stringify({ file: data.file ?? '', name: data.name, why: cause?.stack ?? cause?.message ?? message, hung })}\n`
  }
}
