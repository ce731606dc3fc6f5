/**
 * `confirm_and_write_note`: the one thing the demo writes, into one folder, never over a file that is there.
 *
 * Not here: asking the user (server.ts).
 */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { quote, realFolder } from './root.ts'
import { UserError } from './user-error.ts'

const MAX_NOTE_BYTES = 64 * 1024

export interface Note {
  readonly name: string
  readonly text: string
}

/** Checks a note before anybody is asked about it. @throws {UserError} naming what is wrong */
export function checkNote({ name, text }: Note): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.(?:md|txt))?$/.test(name)) {
    throw new UserError(
      `name: expected 1 to 64 of A-Z a-z 0-9 "_" "-", optionally with .md or .txt, got ${quote(name)}`,
    )
  }
  if (/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name)) {
    throw new UserError(`name: ${quote(name)} is a device name on Windows`)
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_NOTE_BYTES)
    throw new UserError(`text has ${bytes} bytes, at most ${MAX_NOTE_BYTES} are accepted`)
  return name.includes('.') ? name : `${name}.md`
}

export class Notes {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** @throws {Error} when there is no such folder */
  static async open(directory: string): Promise<Notes> {
    return new Notes(await realFolder(directory, 'notes'))
  }

  /**
   * @returns the file name
   * @throws {UserError} when the note is not acceptable or its name is taken
   */
  async write(note: Note): Promise<string> {
    const file = checkNote(note)
    // O_EXCL also refuses a symbolic link of that name, wherever it leads.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
    const handle = await open(path.join(this.#directory, file), flags, 0o644).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new UserError(`a note called ${quote(file)} exists already`)
      }
      throw error
    })
    try {
      await handle.writeFile(note.text)
    } finally {
      await handle.close()
    }
    return file
  }
}
