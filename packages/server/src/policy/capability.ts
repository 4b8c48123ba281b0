// The closed set of capabilities, as names and as bits.
import type { Operation } from '../framework/backend.js';

export const CAPABILITY_BITS = {
  deny: 1,
  create: 2,
  read: 4,
  update: 8,
  delete: 16,
  list: 32,
  sudo: 64,
  patch: 128,
  scan: 256,
  /** Accepted, grants nothing here: this server sends no events. */
  subscribe: 512,
  /** Accepted, grants nothing here: this server has no snapshots to recover from. */
  recover: 1024,
} as const;

export type Capability = keyof typeof CAPABILITY_BITS;

/** A set of capabilities. With `deny` in it nothing else is: see `withDeny`. */
export type CapabilitySet = number;

export const CAPABILITY_NAMES = Object.keys(CAPABILITY_BITS) as readonly Capability[];

/** Capabilities of the legacy attribute `policy = "…"`. */
export const LEGACY_POLICIES: ReadonlyMap<string, CapabilitySet> = new Map([
  ['deny', toCapabilitySet(['deny'])],
  ['read', toCapabilitySet(['read', 'list'])],
  ['write', toCapabilitySet(['create', 'read', 'update', 'delete', 'list'])],
  ['sudo', toCapabilitySet(['create', 'read', 'update', 'delete', 'list', 'sudo'])],
]);

export function findCapability(name: string): Capability | null {
  return Object.hasOwn(CAPABILITY_BITS, name) ? (name as Capability) : null;
}

export function toCapabilitySet(names: readonly Capability[]): CapabilitySet {
  return withDeny(names.reduce((set, name) => set | CAPABILITY_BITS[name], 0));
}

/** Deny wins: it removes everything beside it. */
export function withDeny(set: CapabilitySet): CapabilitySet {
  return (set & CAPABILITY_BITS.deny) === 0 ? set : CAPABILITY_BITS.deny;
}

export function isDenied(set: CapabilitySet): boolean {
  return (set & CAPABILITY_BITS.deny) !== 0;
}

/** Sorted names; `['deny']` for the empty set, as the capabilities endpoints answer. */
export function capabilityNames(set: CapabilitySet): readonly Capability[] {
  if (set === 0 || isDenied(set)) return ['deny'];
  return CAPABILITY_NAMES.filter((name) => (set & CAPABILITY_BITS[name]) !== 0).sort();
}

/** The capability that an operation needs. */
export function requiredCapability(operation: Operation): Capability {
  return operation;
}
