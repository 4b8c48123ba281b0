// From the token's bytes to who asks. A path that needs no token does not look at one; a bad token is refused with the
// same text whether it is unknown, expired, used up, or came from a forbidden address.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import type { Caller } from '../../framework/backend.js';
import { isAddressAllowed } from '../../framework/cidr.js';
import { type ApiError, badToken } from '../../framework/errors.js';
import type { Acl } from '../../policy/acl.js';
import type { TemplateIdentity } from '../../policy/template.js';
import { findProofFault } from '../../tokens/binding.js';
import { isRoot, SPENT, type TokenEntry } from '../../tokens/entry.js';
import type { Active } from '../active.js';
import type { Entity } from '../entities.js';
import { type Exchange, isOpen } from '../exchange.js';
import type { ApiRequest } from '../request.js';
import { unknownWrappingToken } from '../wrapping.js';

/** Here the token presented may be the one to unwrap; when it is used up the caller is told so in these paths' words. */
const TAKES_WRAPPING_TOKENS: ReadonlySet<string> = new Set([
  'sys/wrapping/unwrap',
  'sys/wrapping/rewrap',
]);

export function resolveToken(exchange: Exchange): Awaitable<void> {
  return isOpen(exchange) ? undefined : resolvePresented(exchange);
}

/** For open paths that tell more to who shows a token (internal/ui/mounts). @throws ApiError as for every other path */
export function resolvePresented(exchange: Exchange): Awaitable<void> {
  const { api, active } = exchange;
  const { token } = api;
  if (token === null) throw badToken('token-missing');
  return andThen(active.tokens.lookup(token, api.now), (entry) => {
    if (entry === null) throw notUsable(api, 'token-unknown');
    checkOrigin(exchange, entry, token);
    exchange.token = entry;
    const taken = entry.usesLeft === 0 ? undefined : takeUse(exchange, entry);
    return andThen(taken, () => identify(exchange, entry));
  });
}

function identify(exchange: Exchange, entry: TokenEntry): Awaitable<void> {
  const { active } = exchange;
  return andThen(active.entities.find(entry.entityId), (entity) => {
    if (entity?.disabled === true) throw badToken('entity-disabled');
    exchange.caller = toCaller(entry, entity);
    return andThen(aclOf(active, entry, entity), (acl) => {
      exchange.acl = acl;
    });
  });
}

function notUsable(api: ApiRequest, code: string): ApiError {
  const isWrapping = TAKES_WRAPPING_TOKENS.has(api.path) && !api.fields.has('token');
  return isWrapping ? unknownWrappingToken() : badToken(code);
}

/** What a token may do, whoever asks. */
export function aclOf(active: Active, entry: TokenEntry, entity: Entity | null): Awaitable<Acl> {
  return active.policies.aclFor(policiesOf(entry, entity), () => identityOf(entity));
}

/** The token's own list wherever it is all: what is made of a list is remembered by it. */
function policiesOf(entry: TokenEntry, entity: Entity | null): readonly string[] {
  if (entity === null || entity.policies.length === 0) return entry.policies;
  return [...new Set([...entry.policies, ...entity.policies])];
}

function checkOrigin(exchange: Exchange, entry: TokenEntry, token: Buffer): void {
  const { api } = exchange;
  const { remoteAddress } = api.connection;
  if (entry.boundCidrs.length > 0 && !isAddressAllowed(entry.boundCidrs, remoteAddress)) {
    throw badToken('token-wrong-address');
  }
  if (entry.boundKey === null) return;
  const fault = findProofFault(api.proof, {
    boundKey: entry.boundKey,
    operation: api.operation,
    path: api.path,
    query: api.query,
    token,
    body: api.body,
    now: api.now,
  });
  if (fault !== null) throw badToken(`token-proof-${fault}`);
}

/** A use is taken even when the request is refused later, as in Vault. */
async function takeUse(exchange: Exchange, entry: TokenEntry): Promise<void> {
  const after = await exchange.active.tokens.useOne(entry.id, exchange.api.now);
  if (after === null) throw notUsable(exchange.api, 'token-used-up');
  exchange.isLastUse = after.usesLeft === SPENT;
}

function toCaller(entry: TokenEntry, entity: Entity | null): Caller {
  return {
    tokenId: entry.id,
    accessor: entry.accessor,
    displayName: entry.displayName,
    policies: policiesOf(entry, entity),
    entityId: entry.entityId,
    tokenType: entry.type,
    isRoot: isRoot(entry),
    metadata: entry.metadata,
  };
}

/** What policy templates may refer to. */
function identityOf(entity: Entity | null): TemplateIdentity | null {
  if (entity === null) return null;
  return {
    entityId: entity.id,
    entityName: entity.name,
    metadata: entity.metadata,
    aliases: entity.aliases.map((alias) => ({ ...alias, customMetadata: {} })),
    groups: [],
  };
}
