// Verifies evidence of several parts, such as a TD and its GPUs: each part by its own format and its own roots, and all
// of them bound to one session and to each other. Must never accept parts of two sessions or of two compositions.

import { bindingBytes } from '../binding.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { assertVerified } from '../mint.js';
import type { CryptoProvider } from '../provider.js';
import type { AnyEndorsements, AnyEvidence } from '../registry.js';
import type { ExpectedBinding, TrustedRoot, VerifiedClaims } from '../types.js';
import { verifyEvidence } from '../verify.js';
import {
  type Composition,
  checkComposition,
  compositeBindings,
  leadName,
  ofPart,
  partBinding,
} from './composite-binding.js';

export interface CompositePart {
  readonly evidence: AnyEvidence;
  readonly endorsements: AnyEndorsements;
  /** Whom to believe about this part, and about no other. */
  readonly roots: readonly TrustedRoot[];
}

export interface CompositeInput {
  /** By name; `lead` is the machine's own TEE. */
  readonly parts: Readonly<Record<string, CompositePart>>;
  readonly expectedBinding: ExpectedBinding;
  readonly now: Date;
  readonly provider: CryptoProvider;
}

/** What verifyParts() needs: how a part is verified is left to the caller. */
export interface PartsInput {
  /** The formats of all parts, as they were parsed. */
  readonly composition: Composition;
  /** The session's 64 bytes, of which those of each part are made (compositeBindings). */
  readonly expectedBinding: ExpectedBinding;
  readonly provider: CryptoProvider;
  /** Verifies the part of that name, bound to just these bytes. */
  readonly verifyPart: (name: string, expectedBinding: ExpectedBinding) => Promise<VerifiedClaims>;
}

/** What verifyComposite() has established. Nothing else makes one that appraiseComposite() takes. */
export interface VerifiedComposite {
  readonly parts: ReadonlyMap<string, VerifiedClaims>;
}

const verified = new WeakSet<object>();

/** @throws EvidenceError 'input-invalid' if verifyComposite() did not make it */
export function assertVerifiedComposite(composite: VerifiedComposite): void {
  if (verified.has(composite)) return;
  throw new EvidenceError('input-invalid', 'composite: not made by verifyComposite()');
}

/** Claims that name one device; a list names several. */
const identityClaims = ['device_serial', 'ueids', 'chip_id'] as const;

function identitiesOf({ values, format }: VerifiedClaims): readonly string[] {
  return identityClaims.flatMap((name) => {
    const claim = values[name];
    const ids = typeof claim === 'string' ? [claim] : typeof claim === 'object' ? claim : [];
    return ids.map((id) => `${format} ${id}`);
  });
}

/** One device that answers for two would make a machine look better than it is. */
function checkDevices(parts: ReadonlyMap<string, VerifiedClaims>): void {
  const identities = [...parts.values()].flatMap(identitiesOf);
  if (new Set(identities).size === identities.length) return;
  throw new EvidenceError('submodule-mismatch', 'composite: one device in two parts');
}

/**
 * The 64 bytes that the lead carries for all to see: hardware reports do, the nonces of TPMs and the tokens of
 * other verifiers do not.
 */
function findLeadBytes({ values }: VerifiedClaims): Uint8Array | null {
  const said = values.report_data ?? values.user_data;
  if (typeof said !== 'string' || said.length !== 2 * bindingBytes) return null;
  return decodeHex(said);
}

/** What each part must be bound to. Without a session the others are still held against the lead. */
async function bindingOf(
  name: string,
  lead: VerifiedClaims | null,
  { expectedBinding, provider }: PartsInput,
  bindings: ReadonlyMap<string, Uint8Array> | null,
): Promise<ExpectedBinding> {
  if (bindings !== null) return bindings.get(name) ?? new Uint8Array();
  const said = lead === null ? null : findLeadBytes(lead);
  return said === null ? expectedBinding : await partBinding(name, said, provider);
}

/** What a part's verifier came to must be about that part, and as bound as it was to be. */
function checkPart(name: string, claims: VerifiedClaims, format: string, isBound: boolean): void {
  assertVerified(claims);
  if (claims.format !== format || (isBound && claims.binding !== 'checked')) {
    throw new EvidenceError('input-invalid', `composite: ${name} was not verified as itself`);
  }
}

/**
 * As verifyComposite, for callers that look for the endorsements of each part while they verify it.
 * @throws EvidenceError with `part`; and whatever else verifyPart() throws
 */
export async function verifyParts(input: PartsInput): Promise<VerifiedComposite> {
  const { composition, expectedBinding, provider, verifyPart } = input;
  const names = checkComposition(composition);
  const bindings =
    expectedBinding instanceof Uint8Array
      ? await compositeBindings(expectedBinding, composition, provider)
      : null;
  const claims = new Map<string, VerifiedClaims>();
  for (const name of [leadName, ...names.filter((each) => each !== leadName)]) {
    try {
      const bound = await bindingOf(name, claims.get(leadName) ?? null, input, bindings);
      const part = await verifyPart(name, bound);
      checkPart(name, part, composition[name] ?? '', bound instanceof Uint8Array);
      claims.set(name, part);
    } catch (error) {
      throw ofPart(name, error);
    }
  }
  checkDevices(claims);
  const composite = Object.freeze({ parts: claims });
  verified.add(composite);
  return composite;
}

/**
 * Verifies every part, the lead first. Where the session is not checked, the parts are still held against the 64
 * bytes that the lead carries, if it carries them openly.
 * @throws EvidenceError 'submodule-mismatch', and the refusals of each part's format, with `part`
 */
export async function verifyComposite(input: CompositeInput): Promise<VerifiedComposite> {
  const { parts, expectedBinding, now, provider } = input;
  const composition = Object.fromEntries(
    Object.entries(parts).map(([name, { evidence }]) => [name, evidence.format]),
  );
  return await verifyParts({
    composition,
    expectedBinding,
    provider,
    verifyPart: async (name, bound) => {
      const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
      if (part === undefined) throw new EvidenceError('input-invalid', 'composite: no such part');
      return await verifyEvidence({ ...part, expectedBinding: bound, now, provider });
    },
  });
}
