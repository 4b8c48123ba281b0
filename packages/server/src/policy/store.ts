// Keeps policies in the barrier and compiles them for tokens. A compiled ACL is used only for the exact stored
// versions it was made from, so that a change through any process counts from its acknowledgement on.
import { createHash } from 'node:crypto';
import { ApiError, invalidRequest } from '../framework/errors.js';
import { canonicalPolicyName, canonicalPolicyNames } from '../framework/policy-name.js';
import { listAll, type Storage, type Version } from '../framework/storage.js';
import { type Acl, compileAcl, compileRootAcl } from './acl.js';
import { BUILTIN_POLICIES } from './builtin.js';
import {
  DEFAULT_POLICY,
  isAssignablePolicy,
  isImmutablePolicy,
  isStorableName,
  parsePolicyName,
  ROOT_POLICY,
} from './name.js';
import { type AclPolicy, decodePolicyText, parseAclPolicy } from './parse.js';
import type { TemplateIdentity } from './template.js';

export interface StoredPolicy {
  /** Canonical. */
  readonly name: string;
  /** As its author wrote it, decoded from base64; '' for root. */
  readonly text: string;
  /** Milliseconds since the epoch; 0 for built-in texts. */
  readonly modifiedAt: number;
}

/** Before the text is decoded or parsed. */
export const POLICY_BYTES_MAX = 1024 * 1024;

const FORMAT = 1;
const PARSED_CACHE_MAX = 4096;
const ACL_CACHE_MAX = 1024;
/** Version of a built-in text: no stored one is ever 'builtin'. */
const BUILTIN_VERSION = 'builtin';

interface ParsedEntry {
  readonly version: Version | typeof BUILTIN_VERSION;
  readonly policy: AclPolicy;
}

/** Keeps the entries that were used last. */
class RecentMap<V> {
  readonly #max: number;
  readonly #entries = new Map<string, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) return;
      this.#entries.delete(oldest);
    }
  }
}

/** One flat folder: a slash in a name must not make a subfolder. */
function storageKey(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function nameOfKey(key: string): string {
  return key.replaceAll('%2F', '/').replaceAll('%25', '%');
}

function decodeStored(name: string, value: Buffer): StoredPolicy {
  const stored = JSON.parse(value.toString('utf8')) as Record<string, unknown>;
  const { format, text, modified_at: modifiedAt } = stored;
  if (format !== FORMAT || typeof text !== 'string' || typeof modifiedAt !== 'number') {
    throw new ApiError('internal', 'stored policy is not readable', { code: 'policy-unreadable' });
  }
  return { name, text, modifiedAt };
}

/** @property storage the view `sys/policy/` of the barrier */
export class PolicyStore {
  readonly #storage: Storage;
  readonly #parsed = new RecentMap<ParsedEntry>(PARSED_CACHE_MAX);
  readonly #compiled = new RecentMap<Acl>(ACL_CACHE_MAX);
  readonly #rootAcl = compileRootAcl();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** By any spelling of the name; built-in policies included. Null when there is none. */
  async get(name: string): Promise<StoredPolicy | null> {
    const canonical = canonicalPolicyName(name);
    const builtin = BUILTIN_POLICIES.get(canonical);
    if (!isImmutablePolicy(canonical) && isStorableName(canonical)) {
      const entry = await this.#storage.get(storageKey(canonical));
      if (entry !== null) {
        const stored = decodeStored(canonical, entry.value);
        entry.value.fill(0);
        return stored;
      }
    }
    return builtin === undefined ? null : { name: canonical, text: builtin, modifiedAt: 0 };
  }

  /**
   * Parses and stores; durable when it resolves.
   * @param body HCL or JSON, or either in base64
   * @param now milliseconds since the epoch
   * @throws ApiError policy-name-invalid, policy-immutable, policy-empty, policy-too-large, or what parseAclPolicy throws
   */
  async put(name: string, body: string, now: number): Promise<StoredPolicy> {
    const canonical = parsePolicyName(name);
    if (isImmutablePolicy(canonical)) throw immutable(canonical, 'update');
    if (Buffer.byteLength(body, 'utf8') > POLICY_BYTES_MAX) {
      throw new ApiError('payload-too-large', `policy is larger than ${POLICY_BYTES_MAX} bytes`, {
        code: 'policy-too-large',
      });
    }
    const text = decodePolicyText(body);
    if (text === '') {
      throw invalidRequest("'policy' parameter not supplied or empty", 'policy-empty');
    }
    parseAclPolicy(canonical, text);
    const value = Buffer.from(JSON.stringify({ format: FORMAT, text, modified_at: now }), 'utf8');
    await this.#storage.commit([{ put: storageKey(canonical), value }], []);
    return { name: canonical, text, modifiedAt: now };
  }

  /** No error when there is none. @throws ApiError policy-immutable for root, response-wrapping and default */
  async delete(name: string): Promise<void> {
    const canonical = canonicalPolicyName(name);
    if (isImmutablePolicy(canonical) || canonical === DEFAULT_POLICY) {
      throw immutable(canonical, 'delete');
    }
    if (!isStorableName(canonical)) return;
    await this.#storage.commit([{ delete: storageKey(canonical) }], []);
  }

  /** Names that may be given to tokens, sorted, `default` and `root` among them. */
  async list(): Promise<readonly string[]> {
    const stored = (await listAll(this.#storage, '')).map(nameOfKey);
    const names = new Set([...stored, ...BUILTIN_POLICIES.keys()]);
    return [...names].filter(isAssignablePolicy).sort();
  }

  /**
   * The compiled ACL of a token. Names that no policy has grant nothing. `loadIdentity` is called only when a policy
   * has templates; null there skips the templated rules.
   */
  async aclFor(
    policyNames: readonly string[],
    loadIdentity: () => Promise<TemplateIdentity | null>,
  ): Promise<Acl> {
    const names = canonicalPolicyNames(policyNames);
    if (names.includes(ROOT_POLICY)) return this.#rootAcl;
    const found = await Promise.all(names.map((name) => this.#load(name)));
    const entries = found.filter((entry) => entry !== null);
    const policies = entries.map((entry) => entry.policy);
    const versions = entries.map(({ policy, version }) => [policy.name, version]);
    const templated = policies.some((policy) => policy.templated);
    const identity = templated ? await loadIdentity() : null;
    const key = cacheKey(versions, templated ? identity : null);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const acl = compileAcl(policies, identity);
    this.#compiled.set(key, acl);
    return acl;
  }

  /** A stored text that does not parse is an error, never an absent policy: it may have held a deny. */
  async #load(name: string): Promise<ParsedEntry | null> {
    if (!isStorableName(name)) return null;
    const known = this.#parsed.get(name);
    const entry = isImmutablePolicy(name) ? null : await this.#read(name, known);
    if (entry === 'unchanged' && known !== undefined) return known;
    if (entry === null || entry === 'unchanged') {
      const text = BUILTIN_POLICIES.get(name);
      if (text === undefined) return null;
      if (known?.version === BUILTIN_VERSION) return known;
      return this.#keep(name, BUILTIN_VERSION, text);
    }
    const { text } = decodeStored(name, entry.value);
    entry.value.fill(0);
    return this.#keep(name, entry.version, text);
  }

  async #read(name: string, known: ParsedEntry | undefined): ReturnType<Storage['getUnless']> {
    const key = storageKey(name);
    if (known === undefined || known.version === BUILTIN_VERSION) {
      return await this.#storage.get(key);
    }
    if (this.#storage.isUnchanged?.(key, known.version) === true) return 'unchanged';
    return await this.#storage.getUnless(key, known.version);
  }

  #keep(name: string, version: ParsedEntry['version'], text: string): ParsedEntry {
    const entry = { version, policy: parseAclPolicy(name, text) };
    this.#parsed.set(name, entry);
    return entry;
  }
}

function immutable(name: string, verb: 'update' | 'delete'): ApiError {
  const which = name === 'default' ? name : `"${name}"`;
  return invalidRequest(`cannot ${verb} ${which} policy`, 'policy-immutable');
}

/** JSON keeps the parts apart whatever the names hold; the digest keeps the key short. */
function cacheKey(versions: readonly unknown[], identity: TemplateIdentity | null): string {
  const text = JSON.stringify([versions, identity]);
  return text.length <= 256 ? text : createHash('sha256').update(text).digest('base64');
}
