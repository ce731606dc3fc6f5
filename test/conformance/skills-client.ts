/**
 * A host of the Skills extension (SEP-2640), on top of the client: it loads the files of a skill and uses none that is
 * not what was listed. The extension is no part of the library.
 */

import { createHash } from 'node:crypto'
import type { Client } from '../../src/client/index.ts'

interface Skill {
  readonly uri: string
  readonly frontmatter: Readonly<Record<string, unknown>>
  readonly resources: readonly { readonly uri: string; readonly digest: string; readonly size: number }[]
}

/** Loads each skill and each file of it, up to the first that must not be used. */
export async function verifySkills(client: Client): Promise<void> {
  const { skills = [] } = (await client.request('skills/list')) as { readonly skills?: readonly Skill[] }
  for (const skill of skills) await loadSkill(client, skill)
}

async function loadSkill(client: Client, { resources, frontmatter, uri: manifest }: Skill): Promise<void> {
  for (const { uri, digest, size } of resources) {
    const { contents } = await client.readResource(uri)
    const [content] = contents
    const text = content !== undefined && 'text' in content ? content.text : ''
    if (Buffer.byteLength(text) !== size) return
    if (`sha256:${createHash('sha256').update(text).digest('hex')}` !== digest) return
    if (uri === manifest && !saysAsListed(text, frontmatter)) return
  }
}

/** The manifest says of the skill, member by member, what the listing said. */
function saysAsListed(text: string, listed: Readonly<Record<string, unknown>>): boolean {
  const [, header = ''] = /^---\n(.*?)\n---\n/s.exec(text) ?? []
  const members = header.split('\n').map((line) => line.split(/:\s*/, 2) as [string, string])
  return (
    members.length === Object.keys(listed).length && members.every(([name, value]) => listed[name] === value)
  )
}
