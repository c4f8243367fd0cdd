// A syntax check: `node --check` of scripts, JSON.parse of JSON. A file that fails is a result, not a failure of the run.
import { extname, join } from 'node:path'
import { execa } from 'execa'
import { nameOf } from '../results.ts'
import type { Phase } from './phase.ts'
import { contentOf, filesOf } from './tree.ts'

const SCRIPTS = ['.js', '.mjs', '.cjs']
/** Each script takes a process of its own. Of more than this the rest is skipped, and the summary says how many. */
const MOST_SCRIPTS = 24
const MOST_DOCUMENTS = 200

interface Verdict {
  readonly ok: boolean
  readonly problem?: string
}

export const syntax: Phase = {
  name: 'syntax',
  async examine({ folder }, results, signal) {
    const verdicts: Verdict[] = []
    const note = (file: string, verdict: Verdict) => {
      verdicts.push(verdict)
      return results.put(`syntax/files/${nameOf(file)}.json`, verdict)
    }
    const files = await filesOf(folder, signal)
    const scripts = files.filter(file => SCRIPTS.includes(extname(file)))
    for (const file of scripts.slice(0, MOST_SCRIPTS)) await note(file, await checkScript(folder, file, signal))
    const documents = files.filter(file => extname(file) === '.json')
    await Promise.all(
      documents.slice(0, MOST_DOCUMENTS).map(async file => {
        const content = await contentOf(folder, file, signal)
        if (content) await note(file, checkJson(content.toString()))
      }),
    )
    const failed = verdicts.filter(verdict => !verdict.ok).length
    const skipped = scripts.length + documents.length - verdicts.length
    await results.put('syntax/summary.json', { checked: verdicts.length, failed, skipped })
    return `${verdicts.length} files checked, ${failed} failed, ${skipped} skipped`
  },
}

async function checkScript(folder: string, file: string, signal: AbortSignal): Promise<Verdict> {
  const options = { cwd: folder, env: { NODE_OPTIONS: undefined }, reject: false, cancelSignal: signal } as const
  const { exitCode, stderr } = await execa(process.execPath, ['--check', join(folder, file)], options)
  signal.throwIfAborted()
  if (exitCode === 0) return { ok: true }
  const problem = stderr.split('\n').find(line => /^\w*Error\b/.test(line))
  return { ok: false, problem: problem ?? `node --check exited with ${exitCode}` }
}

export function checkJson(text: string): Verdict {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''))
    return { ok: true }
  } catch (error) {
    return { ok: false, problem: (error as Error).message.split('\n')[0] ?? '' }
  }
}
