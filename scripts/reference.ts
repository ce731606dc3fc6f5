/** `npm run reference`: writes src/REFERENCE.md, from scripts/reference.md and the declarations. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mergeApis, readPublicApis } from './lib/declarations.ts'
import { renderReference } from './lib/reference.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const template = readFileSync(path('reference.md'), 'utf8')
writeFileSync(path('../src/REFERENCE.md'), renderReference(template, mergeApis(readPublicApis())))
