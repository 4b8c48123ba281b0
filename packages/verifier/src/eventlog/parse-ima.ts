// IMA's list of what the kernel measured, binary and as text (Linux, Documentation/security/IMA-templates
// and security/integrity/ima/ima_fs.c). Must never trust a path or a digest in it.

import { concatBytes, copyBytes, isZero } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';

/** One line of the list, NOT trusted. */
export interface ImaEntry {
  readonly pcr: number;
  /** SHA-1 of the template data; all zeros for a violation, which extends all ones. */
  readonly templateHash: Uint8Array;
  readonly violation: boolean;
  readonly template: ImaTemplate;
  /** What is hashed: each field with its length before it. */
  readonly templateData: Uint8Array;
  /** 'sha256:0a…' */
  readonly fileDigest: string;
  readonly path: string;
}

export interface ImaList {
  readonly entries: readonly ImaEntry[];
}

const templates = ['ima-ng', 'ima-sig'] as const;
export type ImaTemplate = (typeof templates)[number];

export const imaBytesMax = 8_388_608;
export const imaEntriesMax = 50_000;
const pathBytesMax = 4_096;
const signatureBytesMax = 1_024;

const digestBytes: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `IMA list: ${why}`);
}

function u32le(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24);
}

function findTemplate(name: string): ImaTemplate {
  const template = templates.find((known) => known === name);
  if (template === undefined) {
    throw new EvidenceError('unsupported-format', 'IMA list: template is not ima-ng or ima-sig');
  }
  return template;
}

function decodeAscii(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Field d-ng: the algorithm's name, a colon, a zero, the digest. */
function readFileDigest(field: Uint8Array): string {
  const colon = field.indexOf(0x3a);
  const name = decodeAscii(field.subarray(0, Math.max(colon, 0)));
  const digest = field.subarray(colon + 2);
  if (field[colon + 1] !== 0 || digestBytes[name] !== digest.length) throw malformed('file digest');
  let hex = '';
  for (const byte of digest) hex += byte.toString(16).padStart(2, '0');
  return `${name}:${hex}`;
}

/** Field n-ng: a path and a zero. */
function readPath(field: Uint8Array): string {
  const path = field.subarray(0, -1);
  if (field[field.length - 1] !== 0 || path.includes(0) || field.length > pathBytesMax) {
    throw malformed('path');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(path);
  } catch {
    throw malformed('path is not UTF-8');
  }
}

function makeEntry(
  head: Pick<ImaEntry, 'pcr' | 'templateHash' | 'template'>,
  fields: readonly Uint8Array[],
): ImaEntry {
  const [digest = new Uint8Array(), path = new Uint8Array()] = fields;
  return {
    ...head,
    violation: isZero(head.templateHash),
    templateData: concatBytes(...fields.flatMap((field) => [u32le(field.length), field])),
    fileDigest: readFileDigest(digest),
    path: readPath(path),
  };
}

function readBinaryEntry(reader: ByteReader): ImaEntry {
  const pcr = reader.u32le('PCR');
  if (pcr > 23) throw malformed(`PCR ${pcr}`);
  const templateHash = reader.bytes(20, 'template hash');
  const nameLength = reader.u32le('template name length');
  if (nameLength > 16) throw malformed('template name');
  const template = findTemplate(decodeAscii(reader.bytes(nameLength, 'template name')));
  const data = reader.sub(reader.u32le('template data length'), 'template data');
  const fields: Uint8Array[] = [];
  for (let i = 0; i < (template === 'ima-ng' ? 2 : 3); i += 1) {
    fields.push(data.bytes(data.u32le('field length'), 'field'));
  }
  data.end();
  return makeEntry({ pcr, templateHash, template }, fields);
}

/** binary_runtime_measurements of a little-endian kernel. @throws EvidenceError */
export function parseImaBinary(input: Uint8Array): ImaList {
  if (input.length > imaBytesMax) throw malformed('too large');
  const reader = new ByteReader(copyBytes(input), 'IMA list');
  const entries: ImaEntry[] = [];
  while (reader.remaining > 0) {
    if (entries.length >= imaEntriesMax) throw malformed(`more than ${imaEntriesMax} entries`);
    entries.push(readBinaryEntry(reader));
  }
  return { entries };
}

const linePattern = /^ ?([0-9]{1,2}) ([0-9a-f]{40}) (ima-ng|ima-sig) ([a-z0-9]+):([0-9a-f]+) (.*)$/;

function readLine(line: string): ImaEntry {
  const found = linePattern.exec(line);
  if (found === null) throw malformed('a line of another form');
  const [, pcr = '', hash = '', name = '', algorithm = '', digest = '', rest = ''] = found;
  if (Number(pcr) > 23) throw malformed(`PCR ${pcr}`);
  const template = findTemplate(name);
  // The signature is the last field, and empty behind its space if there is none.
  const space = template === 'ima-sig' ? rest.lastIndexOf(' ') : rest.length;
  if (space < 0) throw malformed('a line without a signature field');
  const encode = new TextEncoder();
  const fields = [
    concatBytes(encode.encode(`${algorithm}:\0`), decodeHex(digest)),
    encode.encode(`${rest.slice(0, space)}\0`),
  ];
  if (template === 'ima-sig') fields.push(decodeHex(rest.slice(space + 1)));
  if (fields.some((field, index) => index === 2 && field.length > signatureBytesMax)) {
    throw malformed('signature');
  }
  return makeEntry({ pcr: Number(pcr), templateHash: decodeHex(hash), template }, fields);
}

/** ascii_runtime_measurements. @throws EvidenceError 'malformed' | 'unsupported-format' */
export function parseImaText(text: string): ImaList {
  if (text.length > imaBytesMax) throw malformed('too large');
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  if (lines.length > imaEntriesMax) throw malformed(`more than ${imaEntriesMax} entries`);
  return { entries: lines.map(readLine) };
}
