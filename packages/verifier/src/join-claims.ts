// Puts together what a format's verify() found out, from parts that each know some of it. Decides nothing.

import type { ClaimValue } from './types.js';

/** Claims by name; null for what evidence does not state. */
export type StatedClaims = Readonly<Record<string, ClaimValue | null>>;

/**
 * What these parts state, in their order; of two claims by one name the later. What is not stated becomes no claim, so that
 * nothing is met by it. The result has no prototype.
 *
 * Stands in for an object literal with several spreads: V8 gives each of those a hidden class of its own, and collecting
 * them takes longer than checking an RSA signature.
 */
export function joinClaims(...parts: readonly StatedClaims[]): Record<string, ClaimValue> {
  const joined: Record<string, ClaimValue> = Object.create(null);
  for (const part of parts) {
    for (const name of Object.keys(part)) {
      const value = part[name] ?? null;
      if (value !== null) joined[name] = value;
    }
  }
  return joined;
}
