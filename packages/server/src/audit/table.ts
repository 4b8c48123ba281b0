// Which audit devices are enabled, their salts, and which headers are audited, as every process reads them from storage.
import { randomBytes, randomUUID } from 'node:crypto';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { invalidRequest, TamperingError } from '../framework/errors.js';
import {
  type Entry,
  type Place,
  retryOnConflict,
  type Storage,
  type Version,
  type Write,
} from '../framework/storage.js';
import { SALT_BYTES } from './hasher.js';

const TABLE_KEY = 'table';
const SALT_FOLDER = 'salt/';
const DEVICES_MAX = 64;
const HEADERS_MAX = 256;

export interface AuditEntry {
  /** 'file/'. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
  readonly accessor: string;
  readonly uuid: string;
}

/** What an operator says when enabling a device. */
export interface AuditSpec {
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
}

export interface AuditedHeader {
  readonly hmac: boolean;
}

/** All of it in one entry, so that a look whether anything changed is one read. */
export interface TableValue {
  readonly devices: readonly AuditEntry[];
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, AuditedHeader>>;
}

/** @property version null as long as nothing was ever stored. */
interface KnownTable {
  readonly version: Version | null;
  readonly value: TableValue;
}

const NO_TABLE: KnownTable = { version: null, value: { devices: [], headers: {} } };

/** 'file' and 'file/' are the same device. @throws ApiError audit-path-invalid */
export function canonicalDevicePath(path: string): string {
  const name = path.endsWith('/') ? path.slice(0, -1) : path;
  const isPath = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/.test(name);
  if (!isPath || name.length > 256) {
    throw invalidRequest('audit device path is not valid', 'audit-path-invalid');
  }
  return `${name}/`;
}

/** Reads are cheap when nothing changed, and never stale. `storage` is the audit view of the barrier. */
export class AuditTable {
  readonly #storage: Storage;
  readonly #place: Place;
  #known: KnownTable | null = null;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#place = storage.locate(TABLE_KEY);
  }

  #read(): Awaitable<KnownTable> {
    const known = this.#known;
    if (known === null || known.version === null) {
      return andThen(this.#storage.get(this.#place), (entry) => this.#remember(entry));
    }
    return andThen(this.#storage.getUnless(this.#place, known.version), (entry) =>
      entry === 'unchanged' ? known : this.#remember(entry),
    );
  }

  #remember(entry: Entry | null): KnownTable {
    if (entry === null) {
      this.#known = NO_TABLE;
      return NO_TABLE;
    }
    const value = JSON.parse(entry.value.toString('utf8')) as TableValue;
    this.#known = { version: entry.version, value };
    return this.#known;
  }

  /** `also` is written in the same commit. */
  async #change(change: (value: TableValue) => TableValue, also: readonly Write[]): Promise<void> {
    await retryOnConflict(async () => {
      const { version, value } = await this.#read();
      const next = Buffer.from(JSON.stringify(change(value)));
      const writes = [{ put: TABLE_KEY, value: next }, ...also];
      await this.#storage.commit(writes, [{ key: TABLE_KEY, version }]);
    });
  }

  /** The same object as long as nothing changes. */
  current(): Awaitable<TableValue> {
    return andThen(this.#read(), ({ value }) => value);
  }

  /** Makes an entry and its salt without adding it: `add` does, once the device has been opened. */
  prepare(path: string, spec: AuditSpec): { readonly entry: AuditEntry; readonly salt: Buffer } {
    const entry = {
      ...spec,
      path: canonicalDevicePath(path),
      accessor: `audit_${spec.type}_${randomBytes(4).toString('hex')}`,
      uuid: randomUUID(),
    };
    return { entry, salt: randomBytes(SALT_BYTES) };
  }

  /** @throws ApiError audit-path-in-use when another device has the path, or one path is the beginning of the other. */
  async add(entry: AuditEntry, salt: Buffer): Promise<void> {
    await this.#change(
      (value) => {
        const other = value.devices.find(
          ({ path }) => path.startsWith(entry.path) || entry.path.startsWith(path),
        );
        if (other !== undefined) throw invalidRequest('path already in use', 'audit-path-in-use');
        if (value.devices.length >= DEVICES_MAX) {
          throw invalidRequest('too many audit devices', 'audit-devices-max');
        }
        return { ...value, devices: [...value.devices, entry] };
      },
      [{ put: SALT_FOLDER + entry.uuid, value: salt }],
    );
  }

  /** False when there was no such device. */
  async remove(path: string): Promise<boolean> {
    const canonical = canonicalDevicePath(path);
    const entry = (await this.current()).devices.find((device) => device.path === canonical);
    if (entry === undefined) return false;
    await this.#change(
      (value) => ({ ...value, devices: value.devices.filter(({ uuid }) => uuid !== entry.uuid) }),
      [{ delete: SALT_FOLDER + entry.uuid }],
    );
    return true;
  }

  /** The caller wipes it. @throws TamperingError when it is gone: hashes under another salt would deceive. */
  async salt(entry: AuditEntry): Promise<Buffer> {
    const stored = await this.#storage.get(SALT_FOLDER + entry.uuid);
    if (stored === null) throw new TamperingError('salt of an audit device is missing');
    return stored.value;
  }

  /** @throws ApiError audit-header-invalid */
  async addHeader(name: string, header: AuditedHeader): Promise<void> {
    const canonical = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(canonical)) {
      throw invalidRequest('header name is not valid', 'audit-header-invalid');
    }
    if (canonical === 'x-vault-token' || canonical === 'authorization') {
      throw invalidRequest('headers that carry tokens can not be audited', 'audit-header-invalid');
    }
    await this.#change((value) => {
      const headers = { ...value.headers, [canonical]: { hmac: header.hmac } };
      if (Object.keys(headers).length > HEADERS_MAX) {
        throw invalidRequest('too many audited headers', 'audit-header-invalid');
      }
      return { ...value, headers };
    }, []);
  }

  async removeHeader(name: string): Promise<void> {
    const canonical = name.toLowerCase();
    await this.#change(
      (value) => ({
        ...value,
        headers: Object.fromEntries(
          Object.entries(value.headers).filter(([key]) => key !== canonical),
        ),
      }),
      [],
    );
  }
}
