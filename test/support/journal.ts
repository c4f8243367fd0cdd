// What a process knows of its own writes, one line of JSON each, handed to the system before the process goes on: a process that
// is killed at any point leaves a journal of all that it was told. It is for processes that are killed, not for machines.
import { openSync, writeSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Opens a journal; gives the function that notes. */
export function openJournal<Note>(path: string): (note: Note) => void {
  const file = openSync(path, 'a')
  return note => {
    writeSync(file, `${JSON.stringify(note)}\n`)
  }
}

/** All notes in a folder of journals, in order within each. */
export async function readJournals<Note>(folder: string): Promise<Note[]> {
  const names = await readdir(folder)
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))
  return texts.flatMap(text => text.split('\n').filter(Boolean)).map(line => JSON.parse(line) as Note)
}
