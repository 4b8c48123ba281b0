// X.501 names as text, for people and for the few vendors' names that carry meaning. Names are
// compared by their raw DER, never by this text.

import type { DerReader } from '../encoding/der.js';
import { derTag } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';

export interface Name {
  /** 'CN=SEV-Milan,O=Advanced Micro Devices', in the order of the certificate. */
  readonly text: string;
  /** The common name, or null unless there is exactly one. */
  readonly commonName: string | null;
}

const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
};

// Numeric, teletex and BMP strings: read as what they are, not as text.
const otherStringTags: ReadonlySet<number> = new Set([0x12, 0x14, 0x1e]);

function valueText(tag: number, contents: Uint8Array): string {
  if (tag === derTag.utf8String) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(contents);
    } catch {
      throw new EvidenceError('malformed', 'name: not UTF-8');
    }
  }
  if (tag === 0x1e && contents.length % 2 !== 0) {
    throw new EvidenceError('malformed', 'name: half a character');
  }
  const ascii = tag === derTag.printableString || tag === derTag.ia5String;
  if (ascii && contents.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return String.fromCharCode(...contents);
  }
  if (!ascii && !otherStringTags.has(tag))
    throw new EvidenceError('malformed', 'name: not a string');
  return `#${encodeHex(contents)}`;
}

/** Special characters get a backslash, control characters become '?'. */
function escaped(value: string): string {
  return value.replace(/\p{Cc}/gu, '?').replace(/[\\,+"<>;=#]/g, '\\$&');
}

/** `reader` is inside the Name. @throws EvidenceError 'malformed' */
export function readName(reader: DerReader): Name {
  const parts: string[] = [];
  const commonNames: string[] = [];
  while (!reader.done) {
    const set = reader.set('name part');
    do {
      const attribute = set.sequence('attribute');
      const oid = attribute.oid('attribute type');
      const value = attribute.next('attribute value');
      attribute.end();
      if (value.contents.length > 256) throw new EvidenceError('malformed', 'name: too long');
      const text = valueText(value.tag, value.contents);
      parts.push(`${attributeNames[oid] ?? oid}=${escaped(text)}`);
      if (oid === '2.5.4.3') commonNames.push(text);
    } while (!set.done);
  }
  const [commonName] = commonNames;
  return {
    text: parts.join(','),
    commonName: commonNames.length === 1 && commonName !== undefined ? commonName : null,
  };
}
