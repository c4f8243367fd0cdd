// Says at the end which tests failed, and why: in the stream of thousands of results nobody finds them.
export default async function* failures(events) {
  const said = []
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue
    const { message, cause } = data.details.error
    const why = cause?.stack ?? cause?.message ?? message
    said.push(`${data.file ?? ''}: ${data.name}\n${String(why).replaceAll(/^/gm, '    ')}\n`)
  }
  if (said.length > 0) yield `\n${said.length} failed:\n\n${said.join('\n')}\n`
}
