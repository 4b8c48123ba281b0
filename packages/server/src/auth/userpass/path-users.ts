// users/: who may log in, and what for. Reads never answer anything of the password.
import type { Path, Request } from '../../framework/backend.js';
import { type ApiError, invalidRequest } from '../../framework/errors.js';
import { field, type Values } from '../../framework/field.js';
import { listingFields } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import {
  DEFAULT_TOKEN_PARAMS,
  oldTokenFields,
  parseTokenParams,
  tokenFields,
  tokenParamsData,
} from '../../framework/token-fields.js';
import { hashPassword, PASSWORD_BYTES_MAX, type ScryptCost } from './password.js';
import { findUserName, userNameSpellings } from './user-name.js';
import { findUser, listUsers, removeUser, type User, writeUser } from './users.js';

const username = field.string('name of the user; upper and lower case are the same');
const password = field.bytes('password, at most 1024 bytes');
const fields = {
  username,
  password,
  password_hash: field.raw('not supported: send the password'),
  ...tokenFields,
  ...oldTokenFields,
} as const;

function getUserName(text: string): string {
  const name = findUserName(text);
  if (name === null) {
    throw invalidRequest('username is not valid: want letters, digits and _ . @ + -');
  }
  return name;
}

function noSuchUser(): ApiError {
  return invalidRequest('username does not exist', 'user-unknown');
}

/** Takes `given` over; it is wiped with the request. @throws ApiError when it is missing or too long */
async function hashGiven(
  request: Request,
  given: Buffer | null,
  cost: ScryptCost,
): Promise<Buffer> {
  if (given === null || given.length === 0) {
    throw invalidRequest('missing password', 'password-missing');
  }
  request.own(given);
  if (given.length > PASSWORD_BYTES_MAX) {
    throw invalidRequest(`password has more than ${PASSWORD_BYTES_MAX} bytes`);
  }
  return request.own(await hashPassword(given, cost));
}

async function writeAll(
  request: Request,
  values: Values<typeof fields>,
  cost: ScryptCost,
): Promise<null> {
  const name = getUserName(values.username);
  if (values.password_hash !== null) {
    throw invalidRequest(
      'password_hash is not supported: passwords are kept as scrypt hashes made here, send "password"',
      'password-hash-unsupported',
    );
  }
  const isNew = (await findUser(request.storage, name)) === null;
  const record =
    values.password !== null || isNew ? await hashGiven(request, values.password, cost) : null;
  const change = (before: User | null): User => {
    // Deleted while the request was on its way: without a password it must not come back.
    if (before === null && record === null) throw noSuchUser();
    return { params: parseTokenParams(before?.params ?? DEFAULT_TOKEN_PARAMS, values, values) };
  };
  await writeUser(request.storage, name, change, record);
  return null;
}

function keepUser(user: User | null): User {
  if (user === null) throw noSuchUser();
  return user;
}

export function userPaths(cost: ScryptCost): readonly Path[] {
  const write = (request: Request, values: Values<typeof fields>): Promise<null> =>
    writeAll(request, values, cost);
  return [
    path({
      pattern: 'users/:username/password',
      help: { synopsis: 'Sets the password of a user.', description: '' },
      fields: { username, password },
      spellings: userNameSpellings,
      operations: {
        update: async (request, values) => {
          const name = getUserName(values.username);
          if ((await findUser(request.storage, name)) === null) throw noSuchUser();
          const record = await hashGiven(request, values.password, cost);
          await writeUser(request.storage, name, keepUser, record);
          return null;
        },
      },
    }),
    path({
      pattern: 'users/:username/policies',
      help: { synopsis: 'Sets the policies of a user.', description: '' },
      fields: {
        username,
        token_policies: tokenFields.token_policies,
        policies: oldTokenFields.policies,
      },
      spellings: userNameSpellings,
      operations: {
        update: async (request, values) => {
          const name = getUserName(values.username);
          const policies = values.token_policies ?? values.policies ?? [];
          const change = (before: User | null): User => {
            const { params } = keepUser(before);
            const given = { ...NOTHING_GIVEN, token_policies: policies };
            return { params: parseTokenParams(params, given, null) };
          };
          await writeUser(request.storage, name, change, null);
          return null;
        },
      },
    }),
    path({
      pattern: 'users/:username',
      help: { synopsis: 'A user: password, policies and limits of its tokens.', description: '' },
      fields,
      spellings: userNameSpellings,
      exists: async (request, values) =>
        (await findUser(request.storage, findUserName(values.username) ?? '-')) !== null,
      operations: {
        create: write,
        update: write,
        read: async (request, values) => {
          const user = await findUser(request.storage, getUserName(values.username));
          return user === null ? null : { data: tokenParamsData(user.params) };
        },
        delete: async (request, values) => {
          await removeUser(request.storage, getUserName(values.username));
          return null;
        },
      },
    }),
    path({
      pattern: 'users(/)',
      help: { synopsis: 'Lists the users.', description: '' },
      fields: listingFields,
      operations: {
        list: async (request, listing) => {
          const keys = await listUsers(request.storage, listing);
          return keys.length === 0 ? null : { data: { keys } };
        },
      },
    }),
  ];
}

const NOTHING_GIVEN: Values<typeof tokenFields> = {
  token_policies: null,
  token_ttl: null,
  token_max_ttl: null,
  token_explicit_max_ttl: null,
  token_period: null,
  token_num_uses: null,
  token_bound_cidrs: null,
  token_no_default_policy: null,
  token_type: null,
  token_strictly_bind_ip: null,
};
