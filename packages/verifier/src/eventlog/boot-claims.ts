// What a log that was replayed says of the boot, as claims. Rests on digests, on covered bytes and on
// the order of events in one register only: an event's type and label are not measured, so nothing
// may become true, and nothing may disappear, because somebody changed one of them.

import { equalBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import type { CryptoProvider } from '../provider.js';
import type { ClaimValue } from '../types.js';
import {
  type Covered,
  encodeEfiVariable,
  findCovered,
  findEfiVariable,
  findText,
} from './covered.js';
import { type Bank, type EventLog, eventType, type LogEvent } from './event-log.js';

/** An event in a register whose value was quoted and came out the same. */
interface ReplayedEvent {
  readonly event: LogEvent;
  readonly register: number;
  readonly digest: Uint8Array;
  readonly covered: Covered | null;
  /** By its digest, whatever its type says. */
  readonly separator: boolean;
  readonly secureBootOff: boolean;
}

type Claims = Record<string, ClaimValue>;

/** Registers by what is measured there (PC Client Platform Firmware Profile 1.06, 3.3.4). */
interface Roles {
  readonly prefix: string;
  readonly firmware: readonly number[];
  readonly secureBoot: number;
  readonly bootApplications: number;
  readonly actions: number;
  readonly loader: readonly number[];
}

const pcrRoles: Roles = {
  prefix: 'pcr',
  firmware: [0, 1, 2, 3, 4, 5, 6, 7],
  secureBoot: 7,
  bootApplications: 4,
  actions: 5,
  loader: [8, 9, 11, 12, 13, 14],
};
/** UEFI 2.10, 38.4.1: PCR 1 and 7 are RTMR 0, 2 to 6 RTMR 1, 8 to 15 RTMR 2. */
const rtmrRoles: Roles = {
  prefix: 'rtmr',
  firmware: [0, 1],
  secureBoot: 0,
  bootApplications: 1,
  actions: 1,
  loader: [2],
};

const globalVendor = '61dfe48bca93d211aa0d00e098032b8c';
const imageSecurityVendor = 'cbb219d73a3d9645a3bcdad00e67656f';
const exitBootServices = 'Exit Boot Services Returned with Success';
const gceNonHostInfo = 'GCE NonHostInfo\0';

/** Variable to claim, with the vendor GUID that it must have. */
const secureBootKeys: ReadonlyMap<string, readonly [vendor: string, claim: string]> = new Map([
  ['PK', [globalVendor, 'secure_boot_pk']],
  ['KEK', [globalVendor, 'secure_boot_kek']],
  ['db', [imageSecurityVendor, 'secure_boot_db']],
  ['dbx', [imageSecurityVendor, 'secure_boot_dbx']],
]);

/** Digests that are looked for whatever the event with them says it is. */
interface KnownDigests {
  readonly separators: readonly Uint8Array[];
  /** The SecureBoot variable, not set or set to 0. */
  readonly secureBootOff: readonly Uint8Array[];
}

async function knownDigests(bank: Bank, provider: CryptoProvider): Promise<KnownDigests> {
  const hash = (value: Uint8Array) => provider.digest(bank, value);
  const filled = [0x00, 0xff].map((byte) => new Uint8Array(4).fill(byte));
  const off = [Uint8Array.of(), Uint8Array.of(0)].map((value) =>
    encodeEfiVariable({ vendor: decodeHex(globalVendor), name: 'SecureBoot', value }),
  );
  return {
    separators: await Promise.all(filled.map(hash)),
    secureBootOff: await Promise.all(off.map(hash)),
  };
}

function findSecureBoot(events: readonly ReplayedEvent[]): boolean | null {
  // In a TD's register there are also digests of what the host chose, which it could have made look
  // like a variable. It cannot make the real one's digest go away.
  if (events.some(({ secureBootOff }) => secureBootOff)) return false;
  const stated = events.flatMap(({ event, covered }) => {
    if (event.type !== eventType.variableDriverConfig || covered?.part !== 'data') return [];
    const variable = findEfiVariable(covered.bytes);
    const isSecureBoot =
      variable?.name === 'SecureBoot' && encodeHex(variable.vendor) === globalVendor;
    return isSecureBoot ? [variable.value.length === 1 && variable.value[0] === 1] : [];
  });
  const [value, ...more] = stated;
  return value === undefined || more.length > 0 ? null : value;
}

/** Only PCR 7 holds nothing else, so only there a variable's digest is that of the variable. */
function secureBootKeyClaims(events: readonly ReplayedEvent[]): Claims {
  const found = new Map<string, string[]>();
  for (const { event, covered, digest } of events) {
    if (event.type !== eventType.variableDriverConfig || covered?.part !== 'data') continue;
    const variable = findEfiVariable(covered.bytes);
    const [vendor, claim] = secureBootKeys.get(variable?.name ?? '') ?? [];
    if (variable === null || claim === undefined || encodeHex(variable.vendor) !== vendor) continue;
    found.set(claim, [...(found.get(claim) ?? []), encodeHex(digest)]);
  }
  const claims: Claims = {};
  for (const [claim, [value, ...more]] of found) {
    // Two statements about one thing are none.
    if (value !== undefined && more.length === 0) claims[claim] = value;
  }
  return claims;
}

/** Firmware's own events: those before anything else was started. Without a separator, none. */
function beforeSeparator(events: readonly ReplayedEvent[]): readonly ReplayedEvent[] {
  const end = events.findIndex(({ separator }) => separator);
  return events.slice(0, Math.max(end, 0));
}

function firmwareClaims(events: readonly ReplayedEvent[]): Claims {
  const claims: Claims = {};
  for (const { event, covered } of events) {
    if (covered?.part !== 'data') continue;
    const version = findText(covered.bytes);
    if (event.type === eventType.crtmVersion && version !== null) claims.firmware_version = version;
    const signature = String.fromCharCode(...covered.bytes.subarray(0, 16));
    if (signature === gceNonHostInfo && covered.bytes.length === 32) {
      claims.gce_confidential_technology = covered.bytes[16] ?? 0;
    }
  }
  return claims;
}

/**
 * Whether an event is surely not a program, whatever its type says. A program's digest is the hash of
 * bytes too, which somebody could put into the log as data of an event of another type; but these
 * begin with "MZ" (Windows Authenticode Portable Executable Signature Format).
 */
function isNoProgram(covered: Covered | null): boolean {
  return covered !== null && !(covered.bytes[0] === 0x4d && covered.bytes[1] === 0x5a);
}

function loaderClaims(events: readonly ReplayedEvent[]): Claims {
  const texts: string[] = [];
  const digests: string[] = [];
  for (const { covered, digest } of events) {
    const text = covered === null ? null : findText(covered.bytes);
    if (text === null) digests.push(encodeHex(digest));
    else texts.push(text);
  }
  // GRUB measures each command before it runs it, so none that loads a kernel can be missing here.
  const commands = texts.flatMap((text) => /^linux(?:efi|16)? (.+)$/s.exec(text)?.[1] ?? []);
  // An empty list would be within any other: without texts there is no claim about them.
  return {
    boot_loader_digests: digests,
    ...(texts.length === 0 ? {} : { boot_loader_texts: texts }),
    ...(commands.length === 0 ? {} : { kernel_command_lines: [...new Set(commands)] }),
  };
}

function dstackClaims(events: readonly ReplayedEvent[]): Claims {
  const named = new Map<string, string[]>();
  for (const { event, covered } of events) {
    // What follows may be the workload's own, under any name. An event that is not covered could
    // hide where that begins.
    if (covered?.part !== 'named' || event.name === 'system-ready') break;
    const name = event.name ?? '';
    named.set(name, [...(named.get(name) ?? []), encodeHex(covered.bytes)]);
  }
  const claims: Claims = {};
  for (const [name, [value, ...more]] of named) {
    if (value === undefined || more.length > 0 || !/^[a-z][a-z-]{0,40}$/.test(name)) continue;
    claims[`dstack_${name.replace(/-/g, '_')}`] = value;
  }
  return claims;
}

function countSeparators(events: readonly ReplayedEvent[], roles: Roles): readonly string[] {
  const counts = new Map<number, number>();
  for (const { register, separator } of events) {
    if (separator) counts.set(register, (counts.get(register) ?? 0) + 1);
  }
  return roles.firmware.flatMap((register) => {
    const count = counts.get(register);
    return count === undefined ? [] : [`${roles.prefix}${register}:${count}`];
  });
}

async function readEvents(
  log: EventLog,
  bank: Bank,
  registers: ReadonlySet<number>,
  provider: CryptoProvider,
): Promise<readonly ReplayedEvent[]> {
  const known = await knownDigests(bank, provider);
  const events: ReplayedEvent[] = [];
  for (const event of log.events) {
    const { register } = event;
    const digest = event.digests.get(bank);
    if (register === null || digest === undefined || !registers.has(register)) continue;
    const covered = await findCovered(event, bank, provider);
    const isOne = (digests: readonly Uint8Array[]) =>
      digests.some((other) => equalBytes(other, digest));
    const separator = isOne(known.separators);
    const secureBootOff = isOne(known.secureBootOff);
    events.push({ event, register, digest, covered, separator, secureBootOff });
  }
  return events;
}

/**
 * Claims from the events in `registers`, whose values this log was found to explain in `bank`.
 * Claims about registers that are not among them are left out.
 */
export async function bootClaims(
  log: EventLog,
  bank: Bank,
  registers: ReadonlySet<number>,
  provider: CryptoProvider,
): Promise<Claims> {
  const roles = log.kind === 'tcg' ? pcrRoles : rtmrRoles;
  const events = await readEvents(log, bank, registers, provider);
  const of = (...wanted: readonly number[]) =>
    events.filter(({ register }) => wanted.includes(register));
  const claims: Claims = {
    event_log: log.kind,
    event_log_bank: bank,
    event_log_registers: [...registers]
      .sort((a, b) => a - b)
      .map((register) => `${roles.prefix}${register}`),
    event_log_events: events.length,
    event_log_uncovered_events: events.filter(({ covered }) => covered === null).length,
    event_log_unquoted_banks: log.banks.filter((other) => other !== bank),
    event_log_separators: countSeparators(events, roles),
  };
  const configuration = beforeSeparator(of(roles.secureBoot));
  const secureBoot = findSecureBoot(configuration);
  if (secureBoot !== null) claims.secure_boot = secureBoot;
  if (log.kind === 'tcg') {
    Object.assign(claims, secureBootKeyClaims(configuration));
    Object.assign(claims, firmwareClaims(beforeSeparator(of(0))));
  }
  if (registers.has(roles.bootApplications)) {
    claims.boot_digests = of(roles.bootApplications).flatMap(({ covered, digest }) =>
      isNoProgram(covered) ? [] : [encodeHex(digest)],
    );
  }
  if (registers.has(roles.actions)) {
    const texts = of(roles.actions).map(({ covered }) => covered && findText(covered.bytes));
    claims.exit_boot_services = texts.includes(exitBootServices);
  }
  if (roles.loader.some((register) => registers.has(register))) {
    Object.assign(claims, loaderClaims(of(...roles.loader)));
  }
  if (log.kind === 'dstack' && registers.has(3)) Object.assign(claims, dstackClaims(of(3)));
  return claims;
}
