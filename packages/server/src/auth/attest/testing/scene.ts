// An attest mount with its own vendors and workloads, for tests: a login that is right in every part, any part of which
// can be replaced. Tests only.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type DcapEndorsements, rememberingProvider } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  createSoftwareAk,
  createSoftwareAkCa,
  createSoftwareAmd,
  createSoftwareNitro,
  createSoftwareNvidia,
  DcapCa,
  type MintNitroOptions,
  type MintTdxQuoteOptions,
  mintDcapCollateral,
  mintNitroDocument,
  mintTdxQuote,
  SnpSimulator,
  type SoftwareTpm,
} from '@vouchsafe/verifier/testing';
import { EndorsementFinder } from '../../../endorsements/find.js';
import type { EndorsementSource } from '../../../endorsements/source.js';
import type { Backend, Connection, MountInfo, Response } from '../../../framework/backend.js';
import { ApiError } from '../../../framework/errors.js';
import { call, dataOf, TEST_MOUNT } from '../../../framework/testing/call.js';
import { MemoryStorage } from '../../../framework/testing/memory-storage.js';
import { attestFactory } from '../backend.js';
import { lengthPrefixed } from '../binding.js';
import type { TrustAnchors } from '../evaluate.js';

export const NOW = Date.parse('2026-01-01T00:00:00Z');
export const DAY_MS = 86_400_000;
export const MOUNT: MountInfo = { ...TEST_MOUNT, path: 'auth/attest/', type: 'attest' };
export const PLAIN: Connection = { remoteAddress: '192.0.2.7', remotePort: 1, tls: null };
const validity = { notBefore: new Date(NOW - DAY_MS), notAfter: new Date(NOW + 99 * DAY_MS) };
/** Making RSA keys is slow, and every scene can have the same ones. */
export const ca = DcapCa.create({ now: new Date(NOW) });
/** Issued at NOW, for 30 days. */
export const fresh = mintDcapCollateral(ca, { now: new Date(NOW) });
export const amd = createSoftwareAmd({ product: 'milan', ...validity });
export const CHIP = new Uint8Array(64).fill(0xc1);
const LEVELS = { bootloader: 3, tee: 0, snp: 20, microcode: 200 };
export const simulator = SnpSimulator.create({ amd, chipId: CHIP, levels: LEVELS, ...validity });
export const aws = createSoftwareNitro(validity);
export const nvidia = createSoftwareNvidia(validity);
/** The host's, with a certified key. */
export const tpm: SoftwareTpm = {
  ak: createSoftwareAk({ kind: 'ecdsa-p256' }),
  ca: createSoftwareAkCa(validity),
  ...validity,
};
/** Of an enclave that is not in debug mode. */
export const PCRS = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(0x33)]));
export const MR_TD = new Uint8Array(48).fill(0x11);
export const MEASUREMENT = new Uint8Array(48).fill(0x22);
export const TDX_TYPE = 'application/vnd.vouchsafe.tdx-dcap';
export const SNP_TYPE = 'application/vnd.vouchsafe.sev-snp';
export const NITRO_TYPE = 'application/vnd.vouchsafe.aws-nitro';
export const TABLE_TYPE = 'application/vnd.vouchsafe.snp-certificates';
export const COLLATERAL_TYPE = 'application/vnd.vouchsafe.dcap-collateral';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** A TLS connection whose exporter gives what depends on the connection, the label and the context. */
export function tlsConnection(name: string): Connection {
  return {
    ...PLAIN,
    tls: {
      peerCertificate: null,
      exportKeyingMaterial: (length, label, context) =>
        createHash('sha256')
          .update(name)
          .update(label)
          .update(context)
          .digest()
          .subarray(0, length),
    },
  };
}

export interface Given {
  readonly challenge: string;
  readonly ticket: string;
  readonly server_identity: string;
  readonly identity_key: string;
  readonly server_time: string;
  readonly signature: string;
}

/** What a workload does differently from what is right. */
export interface Twist {
  readonly format?: 'tdx' | 'snp' | 'nitro';
  /** What the workload asks for; and what it binds, if that is something else. */
  readonly role?: string;
  readonly boundRole?: string;
  readonly boundMount?: string;
  readonly boundIdentity?: Uint8Array;
  readonly boundChallenge?: Uint8Array;
  readonly boundKey?: KeyObject;
  readonly given?: Given;
  readonly key?: KeyObject;
  readonly proofKey?: KeyObject;
  readonly proofOver?: Uint8Array;
  /** For the binding level 'exporter': the connection that the workload believes to be on. */
  readonly exporterOf?: Connection;
  readonly reportData?: (right: Uint8Array) => Uint8Array;
  readonly td?: MintTdxQuoteOptions['report'];
  readonly quote?: Partial<MintTdxQuoteOptions>;
  readonly quoteCa?: DcapCa;
  readonly snp?: Partial<Parameters<SnpSimulator['attest']>[0]>;
  readonly machine?: SnpSimulator;
  readonly nitro?: Partial<MintNitroOptions['fields']>;
  readonly evidence?: (right: Uint8Array) => Uint8Array;
  /** In place of evidence of one part: evidence and endorsements as they travel, bound to the given 64 bytes. */
  readonly compose?: (session: Uint8Array) => Promise<Readonly<Record<string, unknown>>>;
  /** Replaces members of the request. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export type Outcome =
  | { readonly kind: 'accepted'; readonly response: Response; readonly code: 'accepted' }
  | {
      readonly kind: 'refused';
      readonly error: ApiError;
      readonly code: string;
      readonly decision: Readonly<Record<string, unknown>> | null;
    };

export const newKey = (): KeyObject =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export function spkiOf(key: KeyObject): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const point = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url'));
  const header = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';
  return Buffer.concat([Buffer.from(header, 'hex'), ...point]);
}

export function prove(key: KeyObject, report: Uint8Array): Buffer {
  const signed = lengthPrefixed(['vouchsafe/login-proof/v1', report]);
  return sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
}

export class Scene {
  now = NOW;
  readonly storage = new MemoryStorage();
  /** What the server has of its own. */
  collateral: readonly DcapEndorsements[] = [fresh];
  crls: readonly Uint8Array[] = [
    simulator.crl({ thisUpdate: new Date(NOW), nextUpdate: new Date(NOW + 30 * DAY_MS) }),
  ];
  /** Sources that failed. */
  readonly faults: string[] = [];
  #backend: Backend | null = null;

  /** With the role 'web': every format, the default policy, and the measurements of workloads as they are here. */
  static async create(): Promise<Scene> {
    const scene = new Scene();
    await scene.reopen();
    await scene.role('web', {
      policy: await scene.policy({
        name: 'default',
        formats: { 'tdx-dcap': {}, 'sev-snp': {}, 'aws-nitro': {} },
      }),
      reference_values: [
        await scene.references('tdx-dcap', { mrtd: [hex(MR_TD)] }),
        await scene.references('sev-snp', { measurement: [hex(MEASUREMENT)] }),
        await scene.references('aws-nitro', { pcr0: [hex(PCRS.get(0) ?? CHIP)] }),
      ],
      token_policies: ['web'],
    });
    return scene;
  }

  /** Opens the mount on what its storage holds, as after unsealing. */
  async reopen(): Promise<void> {
    const { storage } = this;
    const trust = this.#trust();
    const factory = attestFactory({ trust, serverEvidence: null, build: 'vouchsafe test' });
    this.#backend = await factory({ storage, mount: MOUNT, log: () => undefined });
  }

  get backend(): Backend {
    if (this.#backend === null) throw new Error('no scene yet');
    return this.#backend;
  }

  #trust(): TrustAnchors {
    const onSourceFault = (name: string): void => void this.faults.push(name);
    const own: EndorsementSource = {
      name: 'own',
      findDcap: async () => this.collateral,
      findSnpKeys: async () => [],
      findSnpCrls: async () => this.crls,
    };
    return {
      roots: {
        'tdx-dcap': ca.roots,
        'sev-snp': [{ kind: 'certificate', der: amd.ark.der }],
        'aws-nitro': [{ kind: 'certificate', der: aws.root }],
        'nvidia-gpu': [{ kind: 'certificate', der: nvidia.root }],
        'tpm2-quote': [{ kind: 'certificate', der: tpm.ca.root.der }],
      },
      endorsements: new EndorsementFinder({
        local: [own],
        cache: null,
        vendors: [],
        refreshIntervalMs: DAY_MS,
        onFault: onSourceFault,
      }),
      provider: rememberingProvider(nodeProvider, 1000),
      onSourceFault,
    };
  }

  async post(path: string, body: unknown, connection = PLAIN): Promise<Response | null> {
    const { backend, storage, now } = this;
    const text = JSON.stringify(body);
    const options = { backend, storage, now, path, connection, mount: MOUNT, caller: null };
    return (await call({ ...options, operation: 'write', body: text })).response;
  }

  async answer(path: string, operation: 'read' | 'list' | 'delete' = 'read') {
    const { backend, storage, now } = this;
    return (await call({ backend, storage, now, path, operation, mount: MOUNT })).response;
  }

  async read(path: string, operation: 'read' | 'list' | 'delete' = 'read') {
    const response = await this.answer(path, operation);
    return response === null ? null : dataOf(response);
  }

  async policy(policy: unknown): Promise<string> {
    return String(dataOf(await this.post('policy', { policy, label: '' })).digest);
  }

  async references(format: string, set: unknown): Promise<string> {
    const values = { name: 'workload', kind: 'workload', format, any_of: [set] };
    return String(dataOf(await this.post('reference-values', { values, label: '' })).digest);
  }

  async role(name: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.post(`role/${name}`, fields);
  }

  async challenge(role = 'web'): Promise<Given> {
    return dataOf(await this.post('challenge', { role })) as unknown as Given;
  }

  /** The request of a login that is right but for the twist. */
  async request(twist: Twist = {}): Promise<Record<string, unknown>> {
    const role = twist.role ?? 'web';
    const given = twist.given ?? (await this.challenge(role));
    const key = twist.key ?? newKey();
    const exporter = twist.exporterOf?.tls?.exportKeyingMaterial(
      32,
      'EXPORTER-vouchsafe-attested-login',
      Buffer.from(given.challenge, 'base64url'),
    );
    const right = createHash('sha512')
      .update(
        lengthPrefixed([
          'vouchsafe/attested-login/v1',
          twist.boundChallenge ?? Buffer.from(given.challenge, 'base64url'),
          twist.boundMount ?? 'auth/attest/',
          twist.boundRole ?? role,
          twist.boundIdentity ?? Buffer.from(given.server_identity, 'hex'),
          spkiOf(twist.boundKey ?? key),
          exporter ?? '',
        ]),
      )
      .digest();
    const reportData = twist.reportData?.(right) ?? right;
    const carried = (await twist.compose?.(reportData)) ?? attestAlone(reportData, twist);
    return {
      role,
      challenge: given.challenge,
      ticket: given.ticket,
      ...carried,
      public_key: base64url(spkiOf(key)),
      binding: exporter === undefined ? 'key' : 'exporter',
      proof: base64url(prove(twist.proofKey ?? key, twist.proofOver ?? right)),
      ...twist.body,
    };
  }

  async send(body: unknown, connection = PLAIN): Promise<Outcome> {
    try {
      const response = await this.post('login', body, connection);
      if (response === null) throw new Error('a login without an answer');
      return { kind: 'accepted', response, code: 'accepted' };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const id = error.data?.decision_id;
      const decision = typeof id === 'string' ? await this.read(`decision/${id}`) : null;
      return { kind: 'refused', error, code: error.code, decision };
    }
  }

  async login(twist: Twist = {}, connection = PLAIN): Promise<Outcome> {
    return await this.send(await this.request(twist), connection);
  }
}

function attestTdx(reportData: Uint8Array, twist: Twist) {
  const report = { mrTd: MR_TD, reportData, ...twist.td };
  const quote = mintTdxQuote(twist.quoteCa ?? ca, { version: 5, report, ...twist.quote });
  return { type: TDX_TYPE, evidence: quote, table: null };
}

function attestSnp(reportData: Uint8Array, twist: Twist) {
  const machine = twist.machine ?? simulator;
  const made = machine.attest({ reportData, measurement: MEASUREMENT, ...twist.snp });
  return { type: SNP_TYPE, evidence: made.report, table: made.certificateTable };
}

function attestNitro(userData: Uint8Array, twist: Twist) {
  const fields = { timestamp: new Date(NOW - 1000), pcrs: PCRS, userData, ...twist.nitro };
  return { type: NITRO_TYPE, evidence: mintNitroDocument(aws, { fields }), table: null };
}

function attestAlone(reportData: Uint8Array, twist: Twist): Readonly<Record<string, unknown>> {
  const { type, evidence, table } = attesters[twist.format ?? 'tdx'](reportData, twist);
  return {
    evidence: [type, base64url(twist.evidence?.(evidence) ?? evidence)],
    ...(table === null ? {} : { endorsements: [[TABLE_TYPE, base64url(table)]] }),
  };
}

const attesters = { tdx: attestTdx, snp: attestSnp, nitro: attestNitro };
