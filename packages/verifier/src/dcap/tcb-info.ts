// Intel's TCB info: which security version numbers of a platform mean what (PCS API v4 and v3,
// "Get TCB Info"). Text to structure; whether Intel signed it is collateral.ts's business.

import { type Json, type JsonObject, parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';
import { type TcbStatus, tcbStatuses } from '../types.js';
import { bytesAt, countAt, invalid, listAt, objectAt, textAt, timeAt } from './json-fields.js';

/** What a level of any kind says of whoever reaches it. */
export interface LevelVerdict {
  readonly status: TcbStatus;
  /** As Intel writes it. */
  readonly date: string;
  readonly advisories: readonly string[];
}

export interface TcbLevel extends LevelVerdict {
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  /** Null in TCB info about SGX. */
  readonly tdxComponents: readonly number[] | null;
}

/** A level of an enclave or of the TDX module: one number. */
export interface SvnLevel extends LevelVerdict {
  readonly isvSvn: number;
}

export interface TdxModuleIdentity {
  readonly mrSigner: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

export interface NamedTdxModuleIdentity extends TdxModuleIdentity {
  /** 'TDX_01', 'TDX_03', …: the module's major version in hex, upper case. */
  readonly id: string;
  readonly levels: readonly SvnLevel[];
}

export interface TcbInfo {
  readonly version: 2 | 3;
  readonly id: 'SGX' | 'TDX';
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly fmspc: Uint8Array;
  readonly pceId: Uint8Array;
  readonly evaluationNumber: number;
  /** The module of TDX 1.0; null in TCB info about SGX. */
  readonly tdxModule: TdxModuleIdentity | null;
  readonly tdxModuleIdentities: readonly NamedTdxModuleIdentity[];
  /** In the order of the document: the latest first. */
  readonly levels: readonly TcbLevel[];
}

export const collateralJsonLimits = { charactersMax: 262_144, depthMax: 8, valuesMax: 20_000 };
const levelsMax = 64;
const moduleIdentitiesMax = 16;
const advisoriesMax = 256;
const componentCount = 16;

/** @throws EvidenceError 'collateral-invalid' | 'malformed' (not strict JSON) */
export function parseTcbInfo(text: string): TcbInfo {
  const path = 'TCB info';
  const info = objectAt(parseStrictJson(text, path, collateralJsonLimits).value, path);
  const version = countAt(info.version, `${path} version`, 0xffff);
  if (version !== 2 && version !== 3) {
    throw new EvidenceError('collateral-invalid', `${path}: version ${version}, want 2 or 3`);
  }
  // Version 2 knows SGX only and has no id.
  const id = version === 2 ? 'SGX' : textAt(info.id, `${path} id`);
  if (id !== 'SGX' && id !== 'TDX') throw invalid(`${path} id`, 'want SGX or TDX');
  const tcbType = countAt(info.tcbType, `${path} tcbType`, 0xffff);
  if (tcbType !== 0) throw invalid(`${path} tcbType`, 'want 0: components are compared one by one');
  return {
    version,
    id,
    issueDate: timeAt(info.issueDate, `${path} issueDate`),
    nextUpdate: timeAt(info.nextUpdate, `${path} nextUpdate`),
    fmspc: bytesAt(info.fmspc, `${path} fmspc`, 6),
    pceId: bytesAt(info.pceId, `${path} pceId`, 2),
    evaluationNumber: countAt(info.tcbEvaluationDataNumber, `${path} evaluation number`, 1e9),
    tdxModule: id === 'TDX' ? readModule(info.tdxModule, `${path} tdxModule`) : null,
    tdxModuleIdentities: id === 'TDX' ? readModuleIdentities(info, path) : [],
    levels: listAt(info.tcbLevels, `${path} tcbLevels`, levelsMax, (level, at) =>
      readTcbLevel(level, at, version, id),
    ),
  };
}

function readModule(value: Json | undefined, path: string): TdxModuleIdentity {
  const module = objectAt(value, path);
  return {
    mrSigner: bytesAt(module.mrsigner, `${path} mrsigner`, 48),
    attributes: bytesAt(module.attributes, `${path} attributes`, 8),
    attributesMask: bytesAt(module.attributesMask, `${path} attributesMask`, 8),
  };
}

function readModuleIdentities(info: JsonObject, path: string): readonly NamedTdxModuleIdentity[] {
  // Absent before TDX 1.5.
  if (info.tdxModuleIdentities === undefined) return [];
  const at = `${path} tdxModuleIdentities`;
  return listAt(info.tdxModuleIdentities, at, moduleIdentitiesMax, (item, itemPath) => ({
    id: textAt(objectAt(item, itemPath).id, `${itemPath} id`).toUpperCase(),
    ...readModule(item, itemPath),
    levels: readSvnLevels(objectAt(item, itemPath).tcbLevels, `${itemPath} tcbLevels`),
  }));
}

/** Levels of a module or an enclave: {tcb: {isvsvn}, tcbDate, tcbStatus, advisoryIDs}. */
export function readSvnLevels(value: Json | undefined, path: string): readonly SvnLevel[] {
  return listAt(value, path, levelsMax, (item, at) => {
    const level = objectAt(item, at);
    const tcb = objectAt(level.tcb, `${at} tcb`);
    return { isvSvn: countAt(tcb.isvsvn, `${at} isvsvn`, 0xffff), ...readVerdict(level, at) };
  });
}

function readVerdict(level: JsonObject, path: string): LevelVerdict {
  const status = tcbStatuses.find((known) => known === level.tcbStatus);
  // Intel's library alone computes relaunch statuses; as an input they mean nothing.
  if (status === undefined || status.startsWith('TDRelaunch')) {
    throw invalid(`${path} tcbStatus`, 'unknown status');
  }
  const advisories = level.advisoryIDs ?? [];
  return {
    status,
    date: timeAt(level.tcbDate, `${path} tcbDate`).toISOString().replace('.000Z', 'Z'),
    advisories: listAt(advisories, `${path} advisoryIDs`, advisoriesMax, textAt),
  };
}

function readTcbLevel(value: Json, path: string, version: 2 | 3, id: 'SGX' | 'TDX'): TcbLevel {
  const level = objectAt(value, path);
  const tcb = objectAt(level.tcb, `${path} tcb`);
  return {
    sgxComponents:
      version === 2
        ? readNumberedComponents(tcb, path)
        : readComponents(tcb.sgxtcbcomponents, `${path} sgxtcbcomponents`),
    pceSvn: countAt(tcb.pcesvn, `${path} pcesvn`, 0xffff),
    tdxComponents:
      id === 'TDX' ? readComponents(tcb.tdxtcbcomponents, `${path} tdxtcbcomponents`) : null,
    ...readVerdict(level, path),
  };
}

function readComponents(value: Json | undefined, path: string): readonly number[] {
  const components = listAt(value, path, componentCount, (item, at) =>
    countAt(objectAt(item, at).svn, `${at} svn`, 0xff),
  );
  if (components.length !== componentCount) throw invalid(path, `want ${componentCount} items`);
  return components;
}

/** Version 2: sgxtcbcomp01svn to sgxtcbcomp16svn. */
function readNumberedComponents(tcb: JsonObject, path: string): readonly number[] {
  return Array.from({ length: componentCount }, (_, index) => {
    const name = `sgxtcbcomp${String(index + 1).padStart(2, '0')}svn`;
    return countAt(tcb[name], `${path} ${name}`, 0xff);
  });
}
