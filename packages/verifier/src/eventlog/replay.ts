// What registers would hold if a log were true: every event extended into its register, from the
// register's first value on. Says nothing about whether they do.

import { concatBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { type Bank, bankBytes, type EventLog } from './event-log.js';

/** register = H(register || digest): TPM2_PCR_Extend and TDG.MR.RTMR.EXTEND alike. */
export function extend(
  provider: CryptoProvider,
  bank: Bank,
  register: Uint8Array,
  digest: Uint8Array,
): Promise<Uint8Array> {
  return provider.digest(bank, concatBytes(register, digest));
}

/**
 * A register before anything extended it: zeros, PCRs 17 to 22 all ones (no dynamic launch happened),
 * PCR 0 the locality of start-up in its last byte.
 */
export function firstValue(log: EventLog, bank: Bank, register: number): Uint8Array {
  const value = new Uint8Array(bankBytes[bank]);
  if (log.kind !== 'tcg') return value;
  if (register >= 17 && register <= 22) value.fill(0xff);
  if (register === 0) value[value.length - 1] = log.startupLocality;
  return value;
}

/**
 * Values of the registers that the log has events for; others are left out.
 * @throws EvidenceError 'event-log-mismatch' if the log has no digests of this bank
 */
export async function replayEventLog(
  log: EventLog,
  bank: Bank,
  provider: CryptoProvider,
): Promise<ReadonlyMap<number, Uint8Array>> {
  if (!log.banks.includes(bank)) {
    throw new EvidenceError('event-log-mismatch', `event log: has no ${bank} digests`);
  }
  const registers = new Map<number, Uint8Array>();
  for (const { register, digests } of log.events) {
    if (register === null) continue;
    const digest = digests.get(bank);
    if (digest === undefined) throw new EvidenceError('malformed', `event log: no ${bank} digest`);
    const before = registers.get(register) ?? firstValue(log, bank, register);
    registers.set(register, await extend(provider, bank, before, digest));
  }
  return registers;
}
