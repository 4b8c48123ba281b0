// NVIDIA's detached EAT bundle (RFC 9711 section 5, in JSON): one token for all devices with a digest for each
// device's own token, and those tokens. Parsing trusts nothing.

import { parseStrictJson } from '../../encoding/strict-json.js';
import { EvidenceError } from '../../errors.js';
import { type Jws, parseJws } from '../../jose/jws.js';
import type { Evidence } from '../../types.js';
import { tokenText } from '../token-format.js';

export interface NrasSubmodule {
  /** As the overall token calls it: `GPU-0`. */
  readonly name: string;
  /** The compact token, which the digest is over. */
  readonly text: string;
  readonly jws: Jws;
}

export interface NrasEvidence extends Evidence {
  readonly format: 'nvidia-nras';
  readonly overall: Jws;
  readonly submodules: readonly NrasSubmodule[];
}

const limits = { charactersMax: 262_144, depthMax: 2, valuesMax: 128 };
const submodulesMax = 32;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `NRAS result: ${why}`);
}

export function looksLikeNrasResult(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).replace(/\s+/g, '');
  return start.startsWith('[["JWT","ey');
}

/** @throws EvidenceError 'malformed' | 'header-not-allowed' */
export function parseNrasResult(bytes: Uint8Array): NrasEvidence {
  const { value } = parseStrictJson(tokenText(bytes), 'NRAS result', limits);
  if (!Array.isArray(value) || value.length !== 2) throw malformed('want a pair');
  const [overall, detached] = value;
  if (!Array.isArray(overall) || overall.length !== 2 || overall[0] !== 'JWT') {
    throw malformed('want ["JWT", token] first');
  }
  if (typeof overall[1] !== 'string') throw malformed('want ["JWT", token] first');
  if (typeof detached !== 'object' || detached === null || Array.isArray(detached)) {
    throw malformed('want the devices’ tokens by name');
  }
  const entries = Object.entries(detached);
  if (entries.length === 0 || entries.length > submodulesMax) {
    throw malformed(`want 1 to ${submodulesMax} devices`);
  }
  return {
    format: 'nvidia-nras',
    overall: parseJws(overall[1]),
    submodules: entries.map(([name, text]) => {
      if (!/^[A-Z]{1,16}-[0-9]{1,3}$/.test(name)) throw malformed('name of a device');
      if (typeof text !== 'string') throw malformed('want tokens');
      return { name, text, jws: parseJws(text) };
    }),
  };
}
