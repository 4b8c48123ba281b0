// Verifies evidence of several parts, such as a TD and its GPUs: each part by its own format and its own roots, and all
// of them bound to one session and to each other. Must never accept parts of two sessions or of two compositions.

import { EvidenceError } from '../errors.js';
import type { TrustedRoot } from '../pki/chain.js';
import type { CryptoProvider } from '../provider.js';
import type { AnyEndorsements, AnyEvidence } from '../registry.js';
import type { ExpectedBinding, VerifiedClaims } from '../types.js';
import { verifyEvidence } from '../verify.js';
import { type Composition, checkComposition, compositeBindings } from './composite-binding.js';

export interface CompositePart {
  readonly evidence: AnyEvidence;
  readonly endorsements: AnyEndorsements;
  /** Whom to believe about this part, and about no other. */
  readonly roots: readonly TrustedRoot[];
}

export interface CompositeInput {
  /** By name; `lead` is the machine's own TEE. */
  readonly parts: Readonly<Record<string, CompositePart>>;
  /** The session's 64 bytes, of which those of each part are made (compositeBindings). */
  readonly expectedBinding: ExpectedBinding;
  readonly now: Date;
  readonly provider: CryptoProvider;
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

async function bindingsOf(
  input: CompositeInput,
  composition: Composition,
): Promise<(name: string) => ExpectedBinding> {
  const { expectedBinding, provider } = input;
  if (!(expectedBinding instanceof Uint8Array)) return () => expectedBinding;
  const bindings = await compositeBindings(expectedBinding, composition, provider);
  return (name) => bindings.get(name) ?? new Uint8Array();
}

/**
 * Verifies every part, the lead first.
 * @throws EvidenceError 'submodule-mismatch', and the refusals of each part's format
 */
export async function verifyComposite(input: CompositeInput): Promise<VerifiedComposite> {
  const { parts, now, provider } = input;
  const composition = Object.fromEntries(
    Object.entries(parts).map(([name, { evidence }]) => [name, evidence.format]),
  );
  const names = checkComposition(composition);
  const bindingOf = await bindingsOf(input, composition);
  const claims = new Map<string, VerifiedClaims>();
  for (const name of names) {
    const part = parts[name];
    if (part === undefined) continue;
    claims.set(
      name,
      await verifyEvidence({ ...part, expectedBinding: bindingOf(name), now, provider }),
    );
  }
  checkDevices(claims);
  const composite = Object.freeze({ parts: claims });
  verified.add(composite);
  return composite;
}
