// Holds a measured-boot log against register values that were quoted and verified. Only what a log
// says of registers that it explains becomes a claim; everything else of it is forgotten.

import { equalBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { joinClaims } from '../join-claims.js';
import { assertVerified, mint } from '../mint.js';
import type { CryptoProvider } from '../provider.js';
import type { ClaimValue, VerifiedClaims } from '../types.js';
import { bootClaims } from './boot-claims.js';
import { type Bank, bankBytes, type EventLog } from './event-log.js';
import type { ImaEntry, ImaList } from './parse-ima.js';
import { extend, firstValue, replayEventLog } from './replay.js';

/** Values of registers as genuine evidence states them. */
export interface QuotedRegisters {
  readonly kind: 'pcr' | 'rtmr';
  readonly bank: Bank;
  readonly values: ReadonlyMap<number, Uint8Array>;
}

type Claims = Readonly<Record<string, ClaimValue>>;

const banks = Object.keys(bankBytes) as readonly Bank[];

function mismatch(why: string): EvidenceError {
  return new EvidenceError('event-log-mismatch', `event log: ${why}`);
}

/** Firmware's registers, which its log must explain even if by having no event for them. */
function isFirmwareRegister(kind: QuotedRegisters['kind'], register: number): boolean {
  return register <= (kind === 'pcr' ? 7 : 2);
}

/**
 * Claims about the boot, if the log leads to the quoted values. Registers of the firmware (PCR 0 to 7,
 * RTMR 0 to 2) that were quoted must come out right, and so must every other that the log has events
 * for. Registers that were not quoted are left out.
 * @throws EvidenceError 'event-log-mismatch'
 */
export async function eventLogClaims(
  log: EventLog,
  quoted: QuotedRegisters,
  provider: CryptoProvider,
): Promise<Claims> {
  if ((log.kind === 'tcg') !== (quoted.kind === 'pcr')) {
    throw mismatch(`of another kind of machine than the evidence: ${log.kind}, ${quoted.kind}`);
  }
  const replayed = await replayEventLog(log, quoted.bank, provider);
  const explained = new Set<number>();
  for (const [register, value] of quoted.values) {
    const found = replayed.get(register);
    if (found === undefined && !isFirmwareRegister(quoted.kind, register)) continue;
    if (!equalBytes(found ?? firstValue(log, quoted.bank, register), value)) {
      throw mismatch(`does not lead to the quoted ${quoted.kind.toUpperCase()} ${register}`);
    }
    explained.add(register);
  }
  if (explained.size === 0) throw mismatch('none of its registers was quoted');
  return bootClaims(log, quoted.bank, explained, provider);
}

async function imaDigest(
  entry: ImaEntry,
  bank: Bank,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  if (entry.violation) return new Uint8Array(bankBytes[bank]).fill(0xff);
  return provider.digest(bank, entry.templateData);
}

/**
 * Claims about the files that the kernel measured. The list may have grown after the quote was made:
 * entries behind the last one that the quoted value covers are dropped.
 * @throws EvidenceError 'event-log-mismatch' if no beginning of the list leads to the quoted value
 */
export async function imaClaims(
  list: ImaList,
  quoted: QuotedRegisters,
  provider: CryptoProvider,
): Promise<Claims> {
  const pcr = list.entries[0]?.pcr;
  if (pcr === undefined) throw mismatch('IMA list is empty');
  const value = quoted.kind === 'pcr' ? quoted.values.get(pcr) : undefined;
  if (value === undefined) throw mismatch(`IMA's PCR ${pcr} was not quoted`);
  let register: Uint8Array = new Uint8Array(bankBytes[quoted.bank]);
  let violations = 0;
  const measurements = new Set<string>();
  for (const [index, entry] of list.entries.entries()) {
    if (entry.pcr !== pcr) throw mismatch('IMA list is about more than one PCR');
    register = await extend(
      provider,
      quoted.bank,
      register,
      await imaDigest(entry, quoted.bank, provider),
    );
    // A violation's file was open for writing: what was measured of it is not what was read.
    if (entry.violation) violations += 1;
    else measurements.add(`${entry.fileDigest} ${entry.path}`);
    if (equalBytes(register, value)) {
      return {
        ima_pcr: pcr,
        ima_entries: index + 1,
        ima_violations: violations,
        ima_measurements: [...measurements],
      };
    }
  }
  throw mismatch(`IMA list does not lead to the quoted PCR ${pcr}`);
}

/** The registers of this kind in claims of any format, or null if it has none. */
function findQuotedRegisters(
  claims: VerifiedClaims,
  kind: QuotedRegisters['kind'],
): QuotedRegisters | null {
  const { pcr_bank: named, ...values } = claims.values;
  const bank = kind === 'rtmr' ? 'sha384' : banks.find((known) => known === named);
  if (bank === undefined) return null;
  const registers = new Map<number, Uint8Array>();
  for (let register = 0; register < 24; register += 1) {
    const value = values[`${kind}${register}`];
    if (typeof value === 'string') registers.set(register, decodeHex(value));
  }
  return registers.size === 0 ? null : { kind, bank, values: registers };
}

/**
 * Adds to verified claims what a log that explains their registers says. Without it, claims have
 * nothing of a log, and a policy that asks for any of that is not met.
 * @throws EvidenceError 'event-log-mismatch'; 'input-invalid' if verify() did not make the claims
 */
export async function verifyEventLog(input: {
  readonly claims: VerifiedClaims;
  readonly log: EventLog | ImaList;
  readonly provider: CryptoProvider;
}): Promise<VerifiedClaims> {
  const { claims, log, provider } = input;
  assertVerified(claims);
  const ofTd = 'kind' in log && log.kind !== 'tcg';
  const quoted = findQuotedRegisters(claims, ofTd ? 'rtmr' : 'pcr');
  if (quoted === null) {
    throw mismatch(`${claims.format} evidence has no registers that it could explain`);
  }
  const added =
    'entries' in log
      ? await imaClaims(log, quoted, provider)
      : await eventLogClaims(log, quoted, provider);
  return mint({ ...claims, values: joinClaims(claims.values, added) });
}
