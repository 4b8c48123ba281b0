// sys/policies/password: how generated passwords look, and one to try it with. Texts are kept as they were written.
import type { Path, Request } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { listAll } from '../framework/storage.js';
import { decodePolicyText } from '../policy/parse.js';
import { quoteSecret } from './json-answer.js';
import {
  generatePassword,
  PASSWORD_POLICY_BYTES_MAX,
  type PasswordPolicy,
  parsePasswordPolicy,
} from './password-policy.js';

const PREFIX = 'password-policy/';
const NAME = /^\w(?:[\w.-]{0,126}\w)?$/;
const NAME_FIELD = field.string('name of the policy');

export function passwordPolicyPaths(): readonly Path[] {
  return [listPath(), generatePath(), policyPath()];
}

function storageKey(name: string): string {
  if (NAME.test(name)) return PREFIX + name;
  throw invalidRequest('policy name is not valid', 'password-policy-name');
}

async function findText({ storage }: Request, name: string): Promise<string | null> {
  const entry = await storage.get(storageKey(name));
  return entry === null ? null : entry.value.toString('utf8');
}

function listPath(): Path {
  return path({
    pattern: 'policies/password(/)',
    help: { synopsis: 'Lists the password policies.', description: '' },
    fields: {},
    operations: {
      list: async ({ storage }) => ({ data: { keys: await listAll(storage, PREFIX) } }),
    },
  });
}

function policyPath(): Path {
  return path({
    pattern: 'policies/password/:name',
    help: {
      synopsis: 'Writes, shows or deletes a password policy.',
      description:
        'length = 20, and rule "charset" { charset = "abc" min-chars = 1 } once or more.',
    },
    fields: {
      name: NAME_FIELD,
      policy: field.string('HCL or JSON, or either in base64'),
    },
    operations: {
      read: async (request, { name }) => {
        const policy = await findText(request, name);
        return policy === null ? null : { data: { policy } };
      },
      update: async ({ storage }, { name, policy }) => {
        const key = storageKey(name);
        if (policy.length > 2 * PASSWORD_POLICY_BYTES_MAX) {
          throw invalidRequest('password policy is too large', 'password-policy-invalid');
        }
        const text = decodePolicyText(policy);
        parsePasswordPolicy(text);
        await storage.commit([{ put: key, value: Buffer.from(text, 'utf8') }], []);
        return null;
      },
      delete: async ({ storage }, { name }) => {
        await storage.commit([{ delete: storageKey(name) }], []);
        return null;
      },
    },
  });
}

function generatePath(): Path {
  return path({
    pattern: 'policies/password/:name/generate',
    help: { synopsis: 'A password by the policy. It is kept nowhere.', description: '' },
    fields: { name: NAME_FIELD },
    operations: {
      read: async (request, { name }) => {
        const text = await findText(request, name);
        if (text === null) {
          throw new ApiError('not-found', 'policy does not exist', {
            code: 'password-policy-unknown',
          });
        }
        return { data: { password: quotedPassword(request, parsePasswordPolicy(text)) } };
      },
    },
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Printable characters: JSON escapes no others than these two. */
function quotedPassword(request: Request, policy: PasswordPolicy) {
  const password = request.own(generatePassword(policy));
  const escaped = request.own(Buffer.alloc(2 * password.length));
  let length = 0;
  for (const byte of password) {
    if (byte === QUOTE || byte === BACKSLASH) {
      escaped[length] = BACKSLASH;
      length += 1;
    }
    escaped[length] = byte;
    length += 1;
  }
  return quoteSecret(request, escaped.subarray(0, length));
}
