// A plugin of TypeDoc: errors are a group of their own; each member is described where it is declared, not again in each class that
// inherits it; and schemas stay out of sight.
import { CommentTag, Converter } from 'typedoc'

const BASE = 'RunletError'
/** What is in it is nobody's business. */
const OPAQUE = new Set(['PreparedPush'])
/** Once it is known what is inherited (0), and before members are grouped (-100). */
const BEFORE_GROUPS = -10

export function load({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      if (isError(reflection)) reflection.comment?.blockTags.push(new CommentTag('@group', [text('Errors')]))
    }
  })
  converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      for (const reflection of Object.values(project.reflections)) {
        const isTold = reflection.inheritedFrom?.reflection !== undefined
        if (isTold || OPAQUE.has(reflection.parent?.name)) project.removeReflection(reflection)
        else hideSchema(reflection)
      }
    },
    BEFORE_GROUPS,
  )
}

/** Which schema a field is inferred from is nothing to its users. */
function hideSchema(reflection) {
  if (/Schema$|^\.\.\.$/.test(reflection.defaultValue ?? '')) delete reflection.defaultValue
  delete reflection.inheritedFrom
}

const text = words => ({ kind: 'text', text: words })

const isError = ({ name, extendedTypes = [] }) =>
  name === BASE || extendedTypes.some(type => type.name === BASE || type.reflection?.name === 'ConfigError')
