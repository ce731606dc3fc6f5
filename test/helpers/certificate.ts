/**
 * A key and a certificate that it signs itself, for servers on this machine: made anew in each process, so that none lies
 * in the repository and none expires. The encoding is DER (X.690), the certificate X.509 version 3 (RFC 5280).
 */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const DAY_MS = 24 * 60 * 60 * 1000

/** One value: tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body])
  const digits = length < 0x100 ? [length] : [length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, 0x80 + digits.length, ...digits]), body])
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts)
const integer = (bytes: Uint8Array) => der(0x02, bytes)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
const octets = (bytes: Uint8Array) => der(0x04, bytes)
const time = (date: Date) =>
  der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))

const COMMON_NAME = oid('550403')
const SUBJECT_ALT_NAME = oid('551d11')
const BASIC_CONSTRAINTS = oid('551d13')
const TRUE = Buffer.from([0x01, 0x01, 0xff])
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'))
/** Tags of names: a DNS name, an IP address. */
const [DNS, IP] = [0x82, 0x87]

/** For `localhost` and `127.0.0.1`; a client that trusts `cert` accepts it. */
export function makeCertificate(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from('localhost')))))
  const names = sequence(der(DNS, Buffer.from('localhost')), der(IP, Buffer.from([127, 0, 0, 1])))
  const unsigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(new Date(Date.now() - DAY_MS)), time(new Date(Date.now() + DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        sequence(BASIC_CONSTRAINTS, TRUE, octets(sequence(TRUE))),
        sequence(SUBJECT_ALT_NAME, octets(names)),
      ),
    ),
  )
  const signature = sign('sha256', unsigned, privateKey)
  const base64 = sequence(unsigned, ECDSA_WITH_SHA256, bits(signature)).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

/** The one of this process. */
let own: ReturnType<typeof makeCertificate> | undefined

export function certificate(): ReturnType<typeof makeCertificate> {
  own ??= makeCertificate()
  return own
}
