// sys/wrapping: one answer, put away for one reader. Whoever takes it out is the only one; everybody else learns that
// the token is not valid, in the same words whether it never was, has expired, or was used.
import { type Exchange, exchangeOf } from '../core/exchange.js';
import { unknownWrappingToken, WRAPPING_POLICY } from '../core/wrapping.js';
import type { Path, Request } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';
import { timestamp } from './timestamp.js';

const TOKEN = { token: field.bytes('the wrapping token; without one: the caller’s own') } as const;

export function wrappingPaths(parts: SystemParts): readonly Path[] {
  return [wrapPath(), lookupPath(parts), unwrapPath(parts), rewrapPath(parts), publicKeyPath()];
}

function wrapPath(): Path {
  return path({
    pattern: 'wrapping/wrap',
    help: { synopsis: 'Wraps what the request holds.', description: 'Needs a wrapping TTL.' },
    fields: {},
    operations: {
      update: async (request) => {
        const { api } = exchangeOf(request);
        if ((api.wrapTtlSeconds ?? 0) === 0) {
          throw invalidRequest(
            'endpoint requires response wrapping to be used',
            'wrapping-ttl-missing',
          );
        }
        const data = Object.create(null) as Record<string, JsonValue>;
        for (const [name, { value }] of api.fields) data[name] = value;
        return { data };
      },
    },
  });
}

function lookupPath(parts: SystemParts): Path {
  const lookup = async (request: Request, given: Buffer | null) => {
    const token = given === null || given.length === 0 ? exchangeOf(request).api.token : given;
    if (token === null) throw invalidRequest('missing "token" value in input', 'token-missing');
    const { tokens, wrapping } = parts.core.active;
    const entry = await tokens.lookup(token, request.now);
    if (entry?.policies.includes(WRAPPING_POLICY) !== true) throw unknownWrappingToken();
    const info = await wrapping.lookup(entry.id);
    return {
      data: {
        creation_path: info.creationPath,
        creation_time: timestamp(info.creationTime),
        creation_ttl: info.ttlSeconds,
      },
    };
  };
  return path({
    pattern: 'wrapping/lookup',
    help: { synopsis: 'Says what made a wrapping token, and when.', description: '' },
    unauthenticated: true,
    fields: TOKEN,
    operations: {
      read: async (request) => await lookup(request, null),
      update: async (request, { token }) =>
        await lookup(request, token === null ? null : request.own(token)),
    },
  });
}

/**
 * Takes the answer out of the token in `given`, or of the caller's own, and ends the token.
 * @throws ApiError wrapping-token-unknown
 */
async function takeOut(
  parts: SystemParts,
  request: Request,
  given: Buffer | null,
): ReturnType<SystemParts['core']['active']['wrapping']['take']> {
  const { tokens, wrapping, revocation } = parts.core.active;
  const exchange = exchangeOf(request);
  if (given === null || given.length === 0 || isOwnToken(parts, exchange, given)) {
    // Its one use was taken on the way here; the pipeline ends it after the answer.
    if (exchange.token?.policies.includes(WRAPPING_POLICY) !== true) throw unknownWrappingToken();
    return await wrapping.take(exchange.token.id, request.own);
  }
  const entry = await tokens.lookup(request.own(given), request.now);
  if (entry?.policies.includes(WRAPPING_POLICY) !== true) throw unknownWrappingToken();
  if ((await tokens.useOne(entry.id, request.now)) === null) throw unknownWrappingToken();
  const taken = await wrapping.take(entry.id, request.own);
  await revocation.revokeTree(entry.id, request.now);
  return taken;
}

function isOwnToken(parts: SystemParts, exchange: Exchange, given: Buffer): boolean {
  return exchange.token !== null && parts.core.active.tokens.idOf(given) === exchange.token.id;
}

function unwrapPath(parts: SystemParts): Path {
  return path({
    pattern: 'wrapping/unwrap',
    help: { synopsis: 'Takes the wrapped answer out, once.', description: 'Sent as it was.' },
    fields: TOKEN,
    operations: {
      update: async (request, { token }) => {
        const { body } = await takeOut(parts, request, token);
        return { verbatim: body };
      },
    },
  });
}

function rewrapPath(parts: SystemParts): Path {
  return path({
    pattern: 'wrapping/rewrap',
    help: {
      synopsis: 'Puts a wrapped answer under a new token with the same lifetime.',
      description: 'The old token ends.',
    },
    fields: TOKEN,
    operations: {
      update: async (request, { token }) => {
        const { info, body } = await takeOut(parts, request, token);
        const wrapped = await parts.core.active.wrapping.wrap(body, {
          creationPath: info.creationPath,
          ttlSeconds: info.ttlSeconds,
          wrappedAccessor: '',
          now: request.now,
        });
        request.own(wrapped.token);
        exchangeOf(request).wrapped = wrapped;
        return {};
      },
    },
  });
}

function publicKeyPath(): Path {
  return path({
    pattern: 'wrapping/pubkey',
    help: {
      synopsis: 'The key of JWT wrapping tokens: there is none.',
      description: 'Wrapping tokens are service tokens here, whatever format was asked for.',
    },
    unauthenticated: true,
    fields: {},
    operations: { read: async () => null },
  });
}
