// Hands every record to every enabled device. A record counts as written when one device took it; when devices are
// enabled and none did, the request (or its answer) is refused: nothing happens that nobody wrote down.
import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { ByteWriter } from '../framework/json/byte-writer.js';
import type { AuditDevice } from './device.js';
import { Drafts } from './drafts.js';
import { FileDevice } from './file-device.js';
import { Formatter, type HeaderRules } from './format.js';
import { Hasher } from './hasher.js';
import {
  DEFAULT_RECORD_OPTIONS,
  type DeviceOptions,
  parseDeviceOptions,
  type RecordOptions,
} from './options.js';
import type { AuditRequestRecord, AuditResponseRecord } from './record.js';
import { discardDevice, failingDevice, streamDevice } from './stream-device.js';
import {
  type AuditEntry,
  type AuditedHeader,
  type AuditSpec,
  type AuditTable,
  canonicalDevicePath,
  type TableValue,
} from './table.js';

export interface BrokerOptions {
  readonly table: AuditTable;
  /** process.stdout. */
  readonly stdout: Writable;
  /** Nothing may be logged into it; null when the server has none. */
  readonly pluginDirectory: string | null;
  /** allow_audit_log_prefixing of the configuration. */
  readonly allowPrefix: boolean;
  readonly log: (level: 'warn' | 'error', message: string) => void;
}

interface Live {
  readonly entry: AuditEntry;
  readonly device: AuditDevice;
  readonly hasher: Hasher;
  readonly formatter: Formatter;
  isFailing: boolean;
  /** What the device last said of its lines, and what that means for requests. */
  taken: Promise<void> | null;
  outcome: Promise<void>;
}

/** Writes the lines of one record as `formatter`'s device is to have them. */
type PutRecord = (formatter: Formatter, out: ByteWriter) => void;

/** 500: the client learns that the server could not do its duty, the operator's log says why. */
function notRecorded(): ApiError {
  return new ApiError('internal', 'no audit device could record the request', {
    code: 'audit-failed',
  });
}

function refuse(): never {
  throw notRecorded();
}

/** One per process. Follows the table: what another process enables or disables counts from the next request on. */
export class AuditBroker {
  readonly #options: BrokerOptions;
  #live: readonly Live[] = [];
  /** Those of them that do not discard. */
  #writing: readonly Live[] = [];
  #rules: HeaderRules = new Map();
  /** State of the table that the fields above were made from. */
  #followed: TableValue | null = null;
  #following: Promise<void> | null = null;
  #isClosed = false;
  /** Opened by `enable` and on their way into the table, by uuid. */
  readonly #opened = new Map<string, Live>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  #open(options: DeviceOptions): AuditDevice {
    if (options.filePath === 'discard') return discardDevice;
    if (options.filePath === 'stdout') return streamDevice(this.#options.stdout);
    const { pluginDirectory } = this.#options;
    return new FileDevice({ filePath: options.filePath, mode: options.mode, pluginDirectory });
  }

  #parse(spec: AuditSpec): DeviceOptions {
    return parseDeviceOptions(spec.type, spec.options, this.#options.allowPrefix);
  }

  #liven(entry: AuditEntry, salt: Buffer, options: RecordOptions, device: AuditDevice): Live {
    const hasher = new Hasher(salt);
    const formatter = new Formatter(hasher, options);
    const outcome = Promise.resolve();
    return { entry, device, hasher, formatter, isFailing: false, taken: null, outcome };
  }

  /**
   * Brings this process in line with the table. A device that can not be opened here stays and fails its writes, so that
   * it is missed. Called by logRequest; call it once after unsealing too.
   */
  async refresh(): Promise<void> {
    if (this.#isClosed) throw notRecorded();
    const { table } = this.#options;
    for (let value = await table.current(); value !== this.#followed; ) {
      this.#following ??= this.#follow(value).finally(() => {
        this.#following = null;
      });
      try {
        await this.#following;
      } catch (error) {
        // A device that was removed meanwhile has no salt any more; then the table has moved on.
        if ((await table.current()) === value) throw error;
      }
      value = await table.current();
    }
  }

  async #follow(value: TableValue): Promise<void> {
    const next: Live[] = [];
    for (const entry of value.devices) {
      const known = this.#live.find((live) => live.entry.uuid === entry.uuid);
      next.push(known ?? this.#opened.get(entry.uuid) ?? (await this.#connect(entry)));
    }
    const gone = this.#live.filter((live) => !next.includes(live));
    this.#live = next;
    this.#writing = next.filter(({ device }) => !device.discards);
    this.#rules = new Map(Object.entries(value.headers));
    this.#followed = value;
    for (const live of gone) retire(live);
  }

  async #connect(entry: AuditEntry): Promise<Live> {
    const salt = await this.#options.table.salt(entry);
    try {
      const options = this.#parse(entry);
      return this.#liven(entry, salt, options, this.#open(options));
    } catch (error) {
      return this.#liven(entry, salt, DEFAULT_RECORD_OPTIONS, failingDevice(error));
    } finally {
      salt.fill(0);
    }
  }

  /**
   * Opens a device, writes a test record unless told not to, and adds it to the table. When any of that fails nothing
   * is enabled. @param now milliseconds. @throws ApiError audit-*
   */
  async enable(path: string, spec: AuditSpec, now: number): Promise<AuditEntry> {
    const { table } = this.#options;
    const options = this.#parse(spec);
    const { entry, salt } = table.prepare(path, spec);
    const live = this.#liven(entry, salt, options, this.#open(options));
    this.#opened.set(entry.uuid, live);
    try {
      live.device.reopen();
      if (!options.skipTest) await this.#test(live, now);
      await table.add(entry, salt);
      await this.refresh();
      return entry;
    } catch (error) {
      if (!this.#live.includes(live)) retire(live);
      throw error;
    } finally {
      this.#opened.delete(entry.uuid);
      salt.fill(0);
    }
  }

  async #test(live: Live, now: number): Promise<void> {
    try {
      const record = testRecord(live.entry, now);
      await live.device.append((out) => live.formatter.requestLine(out, record, new Map()));
    } catch {
      throw invalidRequest('audit device failed its test write', 'audit-unwritable');
    }
  }

  /** Nothing to do is no error. */
  async disable(path: string): Promise<void> {
    await this.#options.table.remove(path);
    await this.refresh();
  }

  /** By path. */
  async list(): Promise<readonly AuditEntry[]> {
    return (await this.#options.table.current()).devices;
  }

  /** `hmac-sha256:<hex>` of `input` as the device at `path` would write it. @throws ApiError audit-unknown */
  async hash(path: string, input: string | Buffer): Promise<string> {
    await this.refresh();
    const canonical = canonicalDevicePath(path);
    const live = this.#live.find(({ entry }) => entry.path === canonical);
    if (live === undefined) throw invalidRequest('unknown audit backend', 'audit-unknown');
    return live.hasher.hash(input);
  }

  /** Audited request headers, by name in lower case. */
  async headers(): Promise<Readonly<Record<string, AuditedHeader>>> {
    return (await this.#options.table.current()).headers;
  }

  /** @throws ApiError audit-header-invalid */
  async setHeader(name: string, header: AuditedHeader): Promise<void> {
    await this.#options.table.addHeader(name, header);
    await this.refresh();
  }

  /** Nothing to do is no error. */
  async dropHeader(name: string): Promise<void> {
    await this.#options.table.removeHeader(name);
    await this.refresh();
  }

  /** Before anything happens. @throws ApiError audit-failed: the request must not be carried out. */
  logRequest(record: AuditRequestRecord): Awaitable<void> {
    return this.#upToDate(() =>
      this.#deliver((formatter, out) => formatter.requestLine(out, record, this.#rules)),
    );
  }

  /** Before the answer leaves. @throws ApiError audit-failed: the answer must not leave. */
  logResponse(record: AuditResponseRecord): Awaitable<void> {
    return this.#deliver((formatter, out) => formatter.responseLine(out, record, this.#rules));
  }

  /**
   * Both records of a request that changed nothing and whose answer is at hand, in one write. @throws as logResponse
   */
  logBoth(record: AuditResponseRecord): Awaitable<void> {
    return this.#upToDate(() =>
      this.#deliver((formatter, out) => formatter.bothLines(out, record, this.#rules)),
    );
  }

  #upToDate(work: () => Awaitable<void>): Awaitable<void> {
    return andThen(this.#options.table.current(), (value) =>
      value === this.#followed ? work() : this.refresh().then(work),
    );
  }

  /** Devices that discard stand in only when all that write have failed: whoever enables one wants requests to go on. */
  #deliver(put: PutRecord): Awaitable<void> {
    // An answer that was under way when the server was sealed: no devices is not the same as none enabled.
    if (this.#isClosed) throw notRecorded();
    const writing = this.#writing;
    const [only] = writing;
    if (only === undefined) return;
    const written =
      writing.length === 1
        ? this.#write(only, put)
        : Promise.any(writing.map((live) => this.#write(live, put))).catch(refuse);
    return writing.length === this.#live.length ? written : written.catch(() => undefined);
  }

  /** @throws ApiError audit-failed */
  #write(live: Live, put: PutRecord): Promise<void> {
    const { device, formatter } = live;
    const taken = device.append((out) => put(formatter, out));
    // Lines that are written together share the promise, and so what comes of it.
    if (taken !== live.taken) {
      live.taken = taken;
      live.outcome = this.#watch(live, taken);
    }
    return live.outcome;
  }

  #watch(live: Live, taken: Promise<void>): Promise<void> {
    return taken.then(
      () => {
        if (live.isFailing)
          this.#options.log('warn', `audit device ${live.entry.path} works again`);
        live.isFailing = false;
      },
      (error: unknown) => {
        const { path } = live.entry;
        if (!live.isFailing)
          this.#options.log('error', `audit device ${path} fails: ${why(error)}`);
        live.isFailing = true;
        throw notRecorded();
      },
    );
  }

  /** For log rotation. A device that fails to open is reported and fails its writes until it opens. */
  reopenAll(): void {
    for (const { entry, device } of this.#live) {
      try {
        device.reopen();
      } catch (error) {
        this.#options.log('error', `audit device ${entry.path} can not be reopened: ${why(error)}`);
      }
    }
  }

  /** Nothing is recorded any more, and so nothing may be answered: requests under way fail. */
  close(): void {
    this.#isClosed = true;
    for (const live of this.#live) retire(live);
    this.#live = [];
    this.#writing = [];
    this.#followed = null;
  }
}

function retire(live: Live): void {
  live.device.close();
  live.hasher.close();
}

/** Codes and our own messages; never what a system error says, which may quote what was being written. */
function why(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'write failed';
}

function testRecord(entry: AuditEntry, now: number): AuditRequestRecord {
  return {
    time: now,
    auth: null,
    error: '',
    request: {
      id: randomUUID(),
      clientId: '',
      operation: 'update',
      mount: null,
      clientToken: null,
      tokenId: '',
      accessor: '',
      path: `sys/audit/${entry.path}test`,
      data: new Map(),
      remoteAddress: '',
      remotePort: 0,
      wrapTtlSeconds: 0,
      carrier: { headers: new Map() },
      drafts: new Drafts(),
    },
  };
}
