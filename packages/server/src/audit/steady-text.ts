// What is the same in record after record, as the bytes that are written, remembered together with what it was made of:
// times, and what is said of a mount or a token. Never with a token as it is.
import { keptBytes } from '../framework/kept-bytes.js';
import { MemberText } from './member-text.js';
import type { AuditAuth, AuditMount, AuditRequest } from './record.js';

/** Tokens in use at one time, about; a text has some 700 bytes. */
const TOKENS_MAX = 1024;

const NOTHING = Buffer.alloc(0);

/** RFC 3339 with nanoseconds, in UTC. */
export function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, -1)}000000Z`;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((each, index) => each === b[index]));
}

function sameResults(a: AuditAuth['policyResults'], b: AuditAuth['policyResults']): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const [mine, theirs] = [a.grantingPolicies, b.grantingPolicies];
  if (a.allowed !== b.allowed || mine.length !== theirs.length) return false;
  return mine.every((each, at) => each.name === theirs[at]?.name);
}

/** Whether the text says the same of both; both are of one token. */
function sameAuth(a: AuditAuth, b: AuditAuth): boolean {
  return (
    a.remainingUses === b.remainingUses &&
    a.tokenTtlSeconds === b.tokenTtlSeconds &&
    a.tokenIssueTime === b.tokenIssueTime &&
    a.accessor === b.accessor &&
    a.displayName === b.displayName &&
    a.entityId === b.entityId &&
    a.tokenType === b.tokenType &&
    a.metadata === b.metadata &&
    sameList(a.policies, b.policies) &&
    sameList(a.tokenPolicies, b.tokenPolicies) &&
    sameList(a.identityPolicies, b.identityPolicies) &&
    sameResults(a.policyResults, b.policyResults)
  );
}

type Presented = Pick<AuditRequest, 'tokenId' | 'accessor' | 'clientId'>;

/** One per device. */
export class SteadyTexts {
  #time = Number.NaN;
  #requestHead: Buffer = NOTHING;
  #responseHead: Buffer = NOTHING;
  #address = '';
  #addressText: Buffer = NOTHING;
  readonly #auths = new Map<string, { readonly auth: AuditAuth; readonly text: Buffer }>();
  readonly #tokens = new Map<string, Omit<Presented, 'tokenId'> & { readonly text: Buffer }>();
  readonly #mounts = new Map<string, { readonly mount: AuditMount; readonly text: Buffer }>();

  /** How a line begins. @param time milliseconds since the epoch. Remembers the last one. */
  head(type: 'request' | 'response', time: number): Buffer {
    if (time !== this.#time) {
      const start = `{"time":"${formatTime(time)}","type":"`;
      this.#requestHead = keptBytes(`${start}request",`);
      this.#responseHead = keptBytes(`${start}response",`);
      this.#time = time;
    }
    return type === 'request' ? this.#requestHead : this.#responseHead;
  }

  /** What `make` makes of it, or made of one that says the same. Tokens without an id are not remembered. */
  auth(auth: AuditAuth, make: (auth: AuditAuth) => string): Buffer {
    if (auth.tokenId === '') return Buffer.from(make(auth));
    const known = this.#auths.get(auth.tokenId);
    if (known !== undefined && sameAuth(known.auth, auth)) return known.text;
    const text = keptBytes(make(auth));
    if (this.#auths.size >= TOKENS_MAX) this.#auths.clear();
    this.#auths.set(auth.tokenId, { auth: { ...auth, clientToken: null }, text });
    return text;
  }

  /** As auth(), for the members that say which token the request came with. `make` gives members. */
  token({ tokenId, accessor, clientId }: Presented, make: () => string): Buffer {
    if (tokenId === '') return Buffer.from(make());
    const known = this.#tokens.get(tokenId);
    if (known?.accessor === accessor && known.clientId === clientId) return known.text;
    const text = keptBytes(make());
    if (this.#tokens.size >= TOKENS_MAX) this.#tokens.clear();
    this.#tokens.set(tokenId, { accessor, clientId, text });
    return text;
  }

  /** The member that names the client's address; none for ''. Remembers the last one. */
  address(address: string): Buffer {
    if (address !== this.#address) {
      this.#addressText = keptBytes(new MemberText().string('remote_address', address).members);
      this.#address = address;
    }
    return this.#addressText;
  }

  /** Members that name the mount; none for null. */
  mount(mount: AuditMount | null): Buffer {
    if (mount === null) return NOTHING;
    const { path, type, accessor } = mount;
    const known = this.#mounts.get(accessor);
    if (known?.mount.path === path && known.mount.type === type) return known.text;
    const members = new MemberText()
      .string('mount_point', path)
      .string('mount_type', type)
      .string('mount_accessor', accessor)
      .string('mount_class', mount.class);
    const text = keptBytes(members.members);
    if (this.#mounts.size >= TOKENS_MAX) this.#mounts.clear();
    this.#mounts.set(accessor, { mount, text });
    return text;
  }
}
