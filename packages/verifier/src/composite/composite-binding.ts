// What each part of composite evidence must be bound to: values that hang on the session, on the list of all parts, and
// on the part's own name. The attester and verify() both compute them here.

import { bindingBytes } from '../binding.js';
import { concatBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import type { EvidenceFormat } from '../types.js';

/** Part names to formats. The part called `lead` is the machine's own TEE; the others belong to it. */
export type Composition = Readonly<Record<string, EvidenceFormat>>;

export const leadName = 'lead';
export const partsMax = 16;
const namePattern = /^[a-z][a-z0-9-]{0,31}$/;
const wholeDomain = 'vouchsafe composite v1\0';
const partDomain = 'vouchsafe composite part v1\0';

/** Formats of devices and of results about them: no TEE in which the composition was asked for. */
const deviceFormats: ReadonlySet<EvidenceFormat> = new Set([
  'nvidia-gpu',
  'nvidia-nras',
  'tpm2-quote',
]);

const utf8 = (text: string) => new TextEncoder().encode(text);

/** One byte of length, then the characters: no two lists of names have one encoding. */
function prefixed(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** The refusal of a part, with its name. Everything else that is thrown stays what it is. */
export function ofPart(name: string, error: unknown): unknown {
  if (!(error instanceof EvidenceError)) return error;
  return new EvidenceError(error.code, `${name}: ${error.message}`, name);
}

/** Names in their order. @throws EvidenceError 'submodule-mismatch' unless there is a lead and another part */
export function checkComposition(composition: Composition): readonly string[] {
  const names = Object.keys(composition).toSorted();
  const lead = composition[leadName];
  if (
    names.length < 2 ||
    names.length > partsMax ||
    !names.every((name) => namePattern.test(name))
  ) {
    throw new EvidenceError('submodule-mismatch', `composite: want 2 to ${partsMax} named parts`);
  }
  if (lead === undefined || deviceFormats.has(lead)) {
    throw new EvidenceError('submodule-mismatch', 'composite: no TEE leads it');
  }
  return names;
}

/**
 * The 64 bytes that each part is bound to, by name. The lead's are SHA-512 over a domain separator, the
 * session's 64 bytes, and names and formats of all parts in order of their names; another part's are
 * SHA-512 over a second domain separator, its name, and the lead's.
 * @throws EvidenceError 'submodule-mismatch' | 'input-invalid'
 */
export async function compositeBindings(
  session: Uint8Array,
  composition: Composition,
  provider: CryptoProvider,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = checkComposition(composition);
  if (session.length !== bindingBytes) {
    throw new EvidenceError('input-invalid', `expected binding: want ${bindingBytes} bytes`);
  }
  const parts = names.flatMap((name) => [prefixed(name), prefixed(composition[name] ?? '')]);
  const count = Uint8Array.of(names.length);
  const whole = concatBytes(utf8(wholeDomain), session, count, ...parts);
  const lead = await provider.digest('sha512', whole);
  const bindings = new Map([[leadName, lead]]);
  for (const name of names) {
    if (name !== leadName) bindings.set(name, await partBinding(name, lead, provider));
  }
  return bindings;
}

/** The 64 bytes of a part that is not the lead, by those of the lead. */
export async function partBinding(
  name: string,
  lead: Uint8Array,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  return await provider.digest('sha512', concatBytes(utf8(partDomain), prefixed(name), lead));
}
