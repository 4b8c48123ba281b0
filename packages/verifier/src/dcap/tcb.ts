// Intel's TCB status algorithm, as a function of numbers (PCS API v4, "Get TCB Info", steps 1 to 5,
// and the convergence rules of Intel's quote verification library). Must never accept what fits no
// level: unknown means no.

import { equalBytes, isZero } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { TcbStatus } from '../types.js';
import type {
  LevelVerdict,
  NamedTdxModuleIdentity,
  SvnLevel,
  TcbInfo,
  TcbLevel,
  TdxModuleIdentity,
} from './tcb-info.js';

/** The security version numbers that a PCK certificate states for a platform. */
export interface PlatformSvns {
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
}

/** What a TD report states of the TDX module. */
export interface TdxModuleState {
  /** TEE_TCB_SVN: of the module that launched the TD. */
  readonly teeTcbSvn: Uint8Array;
  /** TEE_TCB_SVN_2: of the module now loaded; null in TD 1.0 reports. */
  readonly teeTcbSvn2: Uint8Array | null;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
}

export interface TdxModuleVerdict {
  /** 'TDX_01', …; or 'TDX_00' for a module of TDX 1.0, whose level is part of the platform's. */
  readonly id: string;
  readonly level: SvnLevel | null;
}

export interface TcbVerdict {
  readonly status: TcbStatus;
  /** Date of the platform's level: everything issued up to it is fixed in the platform. */
  readonly date: string;
  /** Union over platform, TDX module and quoting enclave, sorted. */
  readonly advisories: readonly string[];
  readonly platformStatus: TcbStatus;
  readonly qeStatus: TcbStatus;
}

export interface TdxTcbVerdict extends TcbVerdict {
  readonly module: TdxModuleVerdict;
}

/**
 * The status of an SGX platform: worst of platform and quoting enclave.
 * @throws EvidenceError 'tcb-no-matching-level' | 'tcb-revoked'
 */
export function evaluateSgxTcb(
  info: TcbInfo,
  platform: PlatformSvns,
  qeIsvSvn: number,
  qeLevels: readonly SvnLevel[],
): TcbVerdict {
  const level = info.levels.find((candidate) => reachesSgx(platform, candidate));
  if (level === undefined) throw noLevel('platform');
  const qeLevel = findSvnLevel(qeLevels, qeIsvSvn);
  if (qeLevel === null) throw noLevel('quoting enclave');
  refuseRevoked([level, qeLevel]);
  return {
    status: converge(level.status, qeLevel.status),
    date: level.date,
    advisories: unionOfAdvisories([level, qeLevel]),
    platformStatus: level.status,
    qeStatus: qeLevel.status,
  };
}

/**
 * The status of a TDX platform: worst of platform, module and quoting enclave.
 * @throws EvidenceError 'tcb-no-matching-level' | 'tcb-revoked' | 'tdx-module-mismatch' |
 *   'collateral-mismatch'
 */
export function evaluateTdxTcb(
  info: TcbInfo,
  platform: PlatformSvns,
  module: TdxModuleState,
  qeIsvSvn: number,
  qeLevels: readonly SvnLevel[],
): TdxTcbVerdict {
  const moduleVerdict = matchTdxModule(info, module);
  const reached = info.levels.filter((level) => reachesSgx(platform, level));
  const [sgxLevel] = reached;
  const tdxLevel = reached.find((level) => reachesTdx(module.teeTcbSvn, level));
  if (sgxLevel === undefined || tdxLevel === undefined) throw noLevel('platform');
  const qeLevel = findSvnLevel(qeLevels, qeIsvSvn);
  if (qeLevel === null) throw noLevel('quoting enclave');
  const levels: readonly (LevelVerdict | null)[] = [
    sgxLevel,
    tdxLevel,
    moduleVerdict.level,
    qeLevel,
  ];
  refuseRevoked(levels);
  const tdxStatus = converge(tdxLevel.status, moduleVerdict.level?.status ?? 'UpToDate');
  const relaunched = considerRelaunch(info, module, {
    sgxStatus: sgxLevel.status,
    tdxStatus,
    moduleStatus: moduleVerdict.level?.status ?? 'UpToDate',
    qeStatus: qeLevel.status,
  });
  return {
    status: converge(relaunched, qeLevel.status),
    date: tdxLevel.date,
    advisories: unionOfAdvisories(levels),
    platformStatus: tdxLevel.status,
    qeStatus: qeLevel.status,
    module: moduleVerdict,
  };
}

function refuseRevoked(levels: readonly (LevelVerdict | null)[]): void {
  if (levels.some((level) => level?.status === 'Revoked')) {
    throw new EvidenceError('tcb-revoked', 'TCB: Intel has revoked this level');
  }
}

function reachesSgx(platform: PlatformSvns, level: TcbLevel): boolean {
  return reaches(platform.sgxComponents, level.sgxComponents, 0) && platform.pceSvn >= level.pceSvn;
}

/** From TDX 1.5 on components 0 and 1 are the module's, which has levels of its own. */
function reachesTdx(teeTcbSvn: Uint8Array, level: TcbLevel): boolean {
  if (level.tdxComponents === null) return false;
  return reaches([...teeTcbSvn], level.tdxComponents, moduleVersion(teeTcbSvn) > 0 ? 2 : 0);
}

/** Every component, not a comparison of tuples: 1,3,2 does not reach 1,2,3. */
function reaches(have: readonly number[], want: readonly number[], from: number): boolean {
  return want.every((svn, index) => index < from || (have[index] ?? -1) >= svn);
}

function moduleVersion(teeTcbSvn: Uint8Array): number {
  return teeTcbSvn[1] ?? 0;
}

function moduleId(version: number): string {
  return `TDX_${encodeHex(Uint8Array.of(version)).toUpperCase()}`;
}

function findModule(info: TcbInfo, version: number): NamedTdxModuleIdentity {
  const id = moduleId(version);
  const found = info.tdxModuleIdentities.find((identity) => identity.id === id);
  if (found === undefined) {
    throw new EvidenceError('tdx-module-mismatch', `TDX module: ${id} is not in the TCB info`);
  }
  return found;
}

function matchTdxModule(info: TcbInfo, module: TdxModuleState): TdxModuleVerdict {
  if (info.tdxModule === null) {
    throw new EvidenceError('collateral-mismatch', 'TCB info: names no TDX module');
  }
  const version = moduleVersion(module.teeTcbSvn);
  if (version === 0) {
    checkModule(info.tdxModule, module);
    return { id: moduleId(0), level: null };
  }
  const identity = findModule(info, version);
  checkModule(identity, module);
  const level = findSvnLevel(identity.levels, module.teeTcbSvn[0] ?? 0);
  if (level === null) throw noLevel('TDX module');
  return { id: identity.id, level };
}

function checkModule(identity: TdxModuleIdentity, module: TdxModuleState): void {
  const differs = (field: string): EvidenceError =>
    new EvidenceError('tdx-module-mismatch', `TDX module: ${field} is not that of Intel's module`);
  if (!equalBytes(module.mrSignerSeam, identity.mrSigner)) throw differs('MRSIGNERSEAM');
  // Intel's library asks for zero on top of the identity's attributes and does not apply the mask.
  const expected = equalBytes(module.seamAttributes, identity.attributes);
  if (!expected || !isZero(module.seamAttributes)) throw differs('SEAMATTRIBUTES');
}

function findSvnLevel(levels: readonly SvnLevel[], isvSvn: number): SvnLevel | null {
  return levels.find((level) => isvSvn >= level.isvSvn) ?? null;
}

/** The platform's status with an outdated (or worse) module or quoting enclave counted in. */
function converge(status: TcbStatus, part: TcbStatus): TcbStatus {
  if (status === 'Revoked' || part === 'Revoked') return 'Revoked';
  if (part === 'UpToDate') return status;
  // Modules and quoting enclaves are only ever UpToDate, OutOfDate or Revoked; anything else counts
  // as outdated, for unknown means no.
  switch (status) {
    case 'UpToDate':
    case 'SWHardeningNeeded':
    case 'TDRelaunchAdvised':
      return 'OutOfDate';
    case 'ConfigurationNeeded':
    case 'ConfigurationAndSWHardeningNeeded':
    case 'TDRelaunchAdvisedConfigurationNeeded':
      return 'OutOfDateConfigurationNeeded';
    default:
      return status;
  }
}

interface Statuses {
  readonly sgxStatus: TcbStatus;
  readonly tdxStatus: TcbStatus;
  readonly moduleStatus: TcbStatus;
  readonly qeStatus: TcbStatus;
}

const relaunchSgxStatuses: ReadonlySet<TcbStatus> = new Set([
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
]);

/**
 * TD-preserving updates: when nothing but the module that launched the TD is old and the module now
 * loaded is the latest, a relaunch heals it (Intel QVL, relaunch check; TD 1.5 reports only).
 */
function considerRelaunch(info: TcbInfo, module: TdxModuleState, s: Statuses): TcbStatus {
  const outdated = s.tdxStatus === 'OutOfDate' || s.tdxStatus === 'OutOfDateConfigurationNeeded';
  if (module.teeTcbSvn2 === null || !outdated || s.moduleStatus !== 'OutOfDate') return s.tdxStatus;
  if (s.qeStatus !== 'UpToDate' || !relaunchSgxStatuses.has(s.sgxStatus)) return s.tdxStatus;
  if (!isLatestModule(info, module.teeTcbSvn2)) return s.tdxStatus;
  const configuration = [s.sgxStatus, s.tdxStatus].some((status) =>
    status.includes('Configuration'),
  );
  return configuration ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised';
}

function isLatestModule(info: TcbInfo, teeTcbSvn2: Uint8Array): boolean {
  const latest = info.levels[0]?.tdxComponents ?? null;
  if (latest === null) return false;
  const version = moduleVersion(teeTcbSvn2);
  const [svn0 = 0, , svn2 = 0] = teeTcbSvn2;
  const wanted = version === 0 ? latest[0] : findModule(info, version).levels[0]?.isvSvn;
  return svn0 >= (wanted ?? Number.POSITIVE_INFINITY) && svn2 >= (latest[2] ?? 0);
}

function unionOfAdvisories(levels: readonly (LevelVerdict | null)[]): readonly string[] {
  return [...new Set(levels.flatMap((level) => level?.advisories ?? []))].sort();
}

function noLevel(what: string): EvidenceError {
  return new EvidenceError(
    'tcb-no-matching-level',
    `TCB: the ${what} reaches no level Intel lists`,
  );
}
