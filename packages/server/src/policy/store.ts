// Keeps policies in the barrier and compiles them for tokens. A compiled ACL is used only for the exact stored
// versions it was made from, so that a change through any process counts from its acknowledgement on.
import { createHash } from 'node:crypto';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import { canonicalPolicyName, canonicalPolicyNames } from '../framework/policy-name.js';
import { type Entry, listAll, type Storage, type Version } from '../framework/storage.js';
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

/** @property acl good as long as each name still has this entry; null when templates make it another per identity. */
interface CompiledList {
  readonly names: readonly string[];
  readonly entries: readonly (ParsedEntry | null)[];
  readonly acl: Acl | null;
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
  /** What was made of a list of names: tokens come with the same list, request after request. */
  readonly #byList = new WeakMap<readonly string[], CompiledList>();

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
   * The compiled ACL of a token. Names that no policy has grant nothing. `findIdentity` is called only when a policy
   * has templates; null there skips the templated rules.
   */
  aclFor(
    policyNames: readonly string[],
    findIdentity: () => TemplateIdentity | null,
  ): Awaitable<Acl> {
    const remembered = this.#byList.get(policyNames) ?? null;
    const names = remembered?.names ?? canonicalPolicyNames(policyNames);
    if (names.includes(ROOT_POLICY)) {
      if (remembered === null) this.#byList.set(policyNames, { names, entries: [], acl: null });
      return this.#rootAcl;
    }
    return andThen(this.#loadAll(names), (entries) => {
      const acl = remembered?.acl ?? null;
      if (acl !== null && remembered?.entries.every((each, at) => each === entries[at]) === true) {
        return acl;
      }
      const compiled = this.#compile(entries, findIdentity);
      const isFor = entries.some((entry) => entry?.policy.templated === true) ? null : compiled;
      this.#byList.set(policyNames, { names, entries, acl: isFor });
      return compiled;
    });
  }

  #compile(
    entries: readonly (ParsedEntry | null)[],
    findIdentity: () => TemplateIdentity | null,
  ): Acl {
    const found = entries.filter((entry) => entry !== null);
    const policies = found.map((entry) => entry.policy);
    const versions = found.map(({ policy, version }) => [policy.name, version]);
    const identity = policies.some((policy) => policy.templated) ? findIdentity() : null;
    const key = cacheKey(versions, identity);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const acl = compileAcl(policies, identity);
    this.#compiled.set(key, acl);
    return acl;
  }

  #loadAll(names: readonly string[]): Awaitable<readonly (ParsedEntry | null)[]> {
    const loading = names.map((name) => this.#load(name));
    return loading.some((each) => each instanceof Promise)
      ? Promise.all(loading)
      : (loading as readonly (ParsedEntry | null)[]);
  }

  /** A stored text that does not parse is an error, never an absent policy: it may have held a deny. */
  #load(name: string): Awaitable<ParsedEntry | null> {
    if (!isStorableName(name)) return null;
    const known = this.#parsed.get(name);
    if (isImmutablePolicy(name)) return this.#builtin(name, known);
    const key = storageKey(name);
    if (known === undefined || known.version === BUILTIN_VERSION) {
      return andThen(this.#storage.get(key), (entry) => this.#adopt(name, known, entry));
    }
    return andThen(this.#storage.getUnless(key, known.version), (entry) =>
      entry === 'unchanged' ? known : this.#adopt(name, known, entry),
    );
  }

  #adopt(name: string, known: ParsedEntry | undefined, entry: Entry | null): ParsedEntry | null {
    if (entry === null) return this.#builtin(name, known);
    const { text } = decodeStored(name, entry.value);
    entry.value.fill(0);
    return this.#keep(name, entry.version, text);
  }

  #builtin(name: string, known: ParsedEntry | undefined): ParsedEntry | null {
    const text = BUILTIN_POLICIES.get(name);
    if (text === undefined) return null;
    return known?.version === BUILTIN_VERSION ? known : this.#keep(name, BUILTIN_VERSION, text);
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
