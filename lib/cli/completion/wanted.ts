// What can stand at the cursor of a command line, found in the tree of verbs: pure. What an option or an argument takes is told by its
// choices, or by what stands for it in the tree: `<file>`, `<folder>`, `<run>`, `<poller>`, `<policy>`, `<program>`, `<verb>`. Anything else
// is for the user to think of. Like the parser it takes the options of `runlet` itself anywhere before `--`.
import type { Argument, Command, Option } from '../../vendor/commander.ts'
import { POLICIES } from '../on-conflict.ts'

export interface Candidate {
  /** The whole word, in place of what stands at the cursor. */
  readonly value: string
  readonly about?: string
}

export type Wanted =
  | { readonly kind: 'values'; readonly values: readonly Candidate[] }
  | { readonly kind: 'files' | 'folders' | 'nothing' }
  /** A command line of its own, which begins at this word. */
  | { readonly kind: 'command'; readonly from: number }
  /** What only a store or this machine knows; `given`: the options so far, by their names. */
  | { readonly kind: 'runs' | 'pollers'; readonly before: string; readonly given: Given }

type Given = Readonly<Record<string, string>>

const NOTHING: Wanted = { kind: 'nothing' }

/** `words`: those before the cursor, behind `runlet`; `current`: the word at the cursor, up to it. */
export function wantedAt(program: Command, words: readonly string[], current: string): Wanted {
  const place = walk(program, words)
  if (!place) return NOTHING
  const { command, waiting, dashed } = place
  if (waiting) return ofValue(waiting, { place, before: '', current })
  if (!dashed && current.startsWith('-')) {
    const at = current.startsWith('--') ? current.indexOf('=') : -1
    if (at === -1) return { kind: 'values', values: optionsAt(place) }
    const option = optionsOf(command).find(({ long }) => long === current.slice(0, at))
    const [before, value] = [current.slice(0, at + 1), current.slice(at + 1)]
    return option?.required ? ofValue(option, { place, before, current: value }) : NOTHING
  }
  if (command.commands.length > 0) return { kind: 'values', values: verbsOf(command) }
  const expected = command.registeredArguments
  const argument = expected[place.operands.length] ?? expected.filter(({ variadic }) => variadic).at(-1)
  return argument ? ofValue(argument, { place, before: '', current }) : NOTHING
}

/** What the words before the cursor come to. */
interface Place {
  readonly command: Command
  /** The indices of the words that are arguments of the verb. */
  readonly operands: readonly number[]
  readonly words: readonly string[]
  readonly used: ReadonlySet<Option>
  readonly given: Given
  /** The option whose value comes next. */
  readonly waiting: Option | undefined
  /** Whether `--` has ended the options. */
  readonly dashed: boolean
}

/** Undefined when there is no such verb. */
function walk(program: Command, words: readonly string[]): Place | undefined {
  let command = program
  let waiting: Option | undefined
  let dashed = false
  const operands: number[] = []
  const used = new Set<Option>()
  const given: Record<string, string> = {}
  for (const [i, word] of words.entries()) {
    if (waiting) {
      given[waiting.attributeName()] = word
      waiting = undefined
    } else if (!dashed && word === '--') dashed = true
    else if (!dashed && /^-./.test(word)) {
      const { option, value } = optionIn(word, optionsOf(command))
      if (option) used.add(option)
      if (option?.required && value === undefined) waiting = option
      else if (option?.required && value !== undefined) given[option.attributeName()] = value
    } else if (command.commands.length > 0) {
      const verb = command.commands.find(one => one.name() === word)
      if (!verb) return undefined
      command = verb
    } else operands.push(i)
  }
  return { command, operands, words, used, given, waiting, dashed }
}

/** `--long`, `--long=value`, `-s`, `-svalue`, or several short ones in a word, of which the last may take a value. */
function optionIn(word: string, options: readonly Option[]): { option?: Option | undefined; value?: string } {
  if (word.startsWith('--')) {
    const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? []
    const option = options.find(({ long }) => long === name)
    return value === undefined ? { option } : { option, value }
  }
  const option = options.find(({ short }) => short === word.slice(0, 2))
  const rest = word.slice(2)
  if (rest === '' || !option) return { option }
  return option.required ? { option, value: rest } : optionIn(`-${rest}`, options)
}

/** Those of the verb, and those of `runlet` itself. */
function optionsOf(command: Command): Option[] {
  const help = command.createHelp()
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
}

/** Those that are not there yet, or can be repeated. */
const optionsAt = ({ command, used }: Place): Candidate[] =>
  optionsOf(command)
    .filter(option => !used.has(option) || option.parseArg !== undefined)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }))

const verbsOf = (command: Command): Candidate[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map(verb => ({ value: verb.name(), about: verb.summary() || verb.description() }))

interface Spot {
  readonly place: Place
  /** What stays of the word before what is completed: `--on-error=`. */
  readonly before: string
  /** What follows it, up to the cursor. */
  readonly current: string
}

function ofValue(what: Option | Argument, { place, before, current }: Spot): Wanted {
  const among = (names: readonly string[], start = before): Wanted => ({
    kind: 'values',
    values: names.map(name => ({ value: start + name })),
  })
  if (what.argChoices) return among(what.argChoices)
  switch (placeholderOf(what)) {
    case 'file':
    case 'files':
      return { kind: 'files' }
    case 'folder':
      return { kind: 'folders' }
    case 'policy':
      return among(POLICIES, before + current.slice(0, current.lastIndexOf('=') + 1))
    case 'run':
      return { kind: 'runs', before, given: place.given }
    case 'poller':
      return { kind: 'pollers', before, given: place.given }
    case 'program':
    case 'arguments':
      return { kind: 'command', from: startOfProgram(place) }
    case 'verb':
      return ofHelp(place)
    default:
      return NOTHING
  }
}

/** `file` of `--output <file>`, of `[file]` and of `<file...>`. */
function placeholderOf(what: Option | Argument): string | undefined {
  return 'flags' in what ? /[<[]([\w-]+)/.exec(what.flags)?.[1] : what.name()
}

function startOfProgram({ command, operands, words }: Place): number {
  const at = command.registeredArguments.findIndex(argument => argument.name() === 'program')
  return operands[at] ?? words.length
}

/** Of `runlet help worktree`, the verbs of that group. */
function ofHelp({ command, operands, words }: Place): Wanted {
  let above = command.parent ?? command
  for (const i of operands) {
    const verb = above.commands.find(one => one.name() === words[i])
    if (!verb) return NOTHING
    above = verb
  }
  return { kind: 'values', values: verbsOf(above) }
}
