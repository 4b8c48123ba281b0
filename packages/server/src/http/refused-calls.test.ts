// What never reaches core.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callApi } from './testing/call-api.js';

type Lines = readonly string[];
const MERGE = 'Content-Type: application/merge-patch+json';
const FORM = 'Content-Type: application/x-www-form-urlencoded';

const REFUSED: readonly [
  name: string,
  lines: Lines,
  body: string,
  status: number,
  errors: string,
][] = [
  [
    'list and scan at once',
    ['GET /v1/x?list=1&scan=1'],
    '',
    400,
    '"list" and "scan" exclude each other',
  ],
  [
    'list with a value that is no boolean',
    ['GET /v1/x?list=yes'],
    '',
    400,
    'query parameter "list" is not true or false',
  ],
  [
    'list twice',
    ['GET /v1/x?list=0&list=1'],
    '',
    400,
    'query parameter "list" is not true or false',
  ],
  ['a write on a folder', ['PUT /v1/x/'], '', 400, "cannot write to a path ending in '/'"],
  ['a patch on a folder', ['PATCH /v1/x/', MERGE], '', 400, "cannot write to a path ending in '/'"],
  [
    'PATCH of an unknown type',
    ['PATCH /v1/x', 'Content-Type: application/json'],
    '{}',
    415,
    'PATCH requires Content-Type of application/merge-patch+json',
  ],
  [
    'PATCH without a type',
    ['PATCH /v1/x'],
    '{}',
    415,
    'PATCH requires Content-Type of application/merge-patch+json',
  ],
  [
    'PATCH of a type that only begins like it',
    ['PATCH /v1/x', `${MERGE}x`],
    '{}',
    415,
    'PATCH requires Content-Type of application/merge-patch+json',
  ],
  [
    'a dot segment',
    ['GET /v1/a/./b'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  [
    'a double dot segment',
    ['GET /v1/a/..'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  [
    'an escaped double dot segment',
    ['GET /v1/a/%2e%2E/b'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  [
    'a double dot segment between escaped slashes',
    ['GET /v1/a%2F..%2Fb'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  ['two slashes', ['GET /v1/a//b'], '', 400, "path is not canonical: empty, '.' or '..' segment"],
  [
    'a slash and an escaped one',
    ['GET /v1/a/%2Fb'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  [
    'a second slash behind the prefix',
    ['GET /v1//sys/mounts'],
    '',
    400,
    "path is not canonical: empty, '.' or '..' segment",
  ],
  ['a backslash', ['GET /v1/a\\..\\b'], '', 400, 'path is not valid: backslash'],
  ['an escaped NUL', ['GET /v1/a%00'], '', 400, 'path contains non-printable characters'],
  ['an escaped line end', ['GET /v1/a%0d%0ab'], '', 400, 'path contains non-printable characters'],
  ['an escaped DEL', ['GET /v1/a%7f'], '', 400, 'path contains non-printable characters'],
  [
    'a zero-width character',
    ['GET /v1/a%E2%80%8Bb'],
    '',
    400,
    'path contains non-printable characters',
  ],
  [
    'a right-to-left override',
    ['GET /v1/a%E2%80%AEb'],
    '',
    400,
    'path contains non-printable characters',
  ],
  ['a no-break space', ['GET /v1/a%C2%A0b'], '', 400, 'path contains non-printable characters'],
  [
    'an escape that is not hexadecimal',
    ['GET /v1/a%zz'],
    '',
    400,
    'path is not valid: bad percent-encoding',
  ],
  ['an escape cut off', ['GET /v1/a%2'], '', 400, 'path is not valid: bad percent-encoding'],
  [
    'a byte that is not UTF-8',
    ['GET /v1/a%ff'],
    '',
    400,
    'path is not valid: bad percent-encoding',
  ],
  ['an overlong slash', ['GET /v1/a%c0%af..'], '', 400, 'path is not valid: bad percent-encoding'],
  ['a surrogate', ['GET /v1/a%ed%a0%80'], '', 400, 'path is not valid: bad percent-encoding'],
  [
    'a bad escape in the query',
    ['GET /v1/a?b=%'],
    '',
    400,
    'query or form is not valid: bad percent-encoding',
  ],
  [
    'more parameters than allowed',
    [`GET /v1/a?${'a&'.repeat(513)}`],
    '',
    400,
    'query or form has too many parameters',
  ],
  ['JSON cut off', ['PUT /v1/x'], '{"a":', 400, 'failed to parse JSON input: not valid JSON'],
  ['a list as the body', ['PUT /v1/x'], '[1]', 400, 'failed to parse JSON input: not valid JSON'],
  [
    'a list as the body of a form',
    ['PUT /v1/x', FORM],
    '[1]',
    400,
    'failed to parse JSON input: not valid JSON',
  ],
  ['a string as the body', ['PUT /v1/x'], '"a"', 400, 'failed to parse JSON input: not valid JSON'],
  [
    'something that begins like null',
    ['PUT /v1/x'],
    'nul',
    400,
    'failed to parse JSON input: not valid JSON',
  ],
  ['two objects', ['PUT /v1/x'], '{}{}', 400, 'failed to parse JSON input: not valid JSON'],
  [
    'a member twice',
    ['PUT /v1/x'],
    '{"a":1,"\\u0061":2}',
    400,
    'failed to parse JSON input: duplicate key',
  ],
  [
    'a form without its type',
    ['PUT /v1/x'],
    'a=b',
    400,
    'failed to parse JSON input: not valid JSON',
  ],
  [
    'a negative wrapping time',
    ['GET /v1/x', 'X-Vault-Wrap-TTL: -5s'],
    '',
    400,
    'X-Vault-Wrap-TTL is not a valid duration',
  ],
  [
    'a wrapping time that is none',
    ['GET /v1/x', 'X-Vault-Wrap-TTL: soon'],
    '',
    400,
    'X-Vault-Wrap-TTL is not a valid duration',
  ],
  [
    'an empty wrapping time',
    ['GET /v1/x', 'X-Vault-Wrap-TTL:'],
    '',
    400,
    'X-Vault-Wrap-TTL is not a valid duration',
  ],
  [
    'a namespace with a dot segment',
    ['GET /v1/x', 'X-Vault-Namespace: a/../b'],
    '',
    400,
    'namespace header is not valid',
  ],
  [
    'a namespace with an empty segment',
    ['GET /v1/x', 'X-Vault-Namespace: a//b'],
    '',
    400,
    'namespace header is not valid',
  ],
  [
    'a token longer than any',
    ['GET /v1/x', `X-Vault-Token: ${'a'.repeat(8193)}`],
    '',
    403,
    'permission denied',
  ],
];

const EMPTY_ERRORS: readonly [name: string, line: string, status: number][] = [
  ['an unknown verb', 'BREW /v1/x', 405],
  ['TRACE', 'TRACE /v1/x', 405],
  ['HEAD of anything but the health', 'HEAD /v1/secret/x', 405],
  ['OPTIONS without CORS', 'OPTIONS /v1/x', 405],
  ['OPTIONS *', 'OPTIONS *', 405],
  ['a path outside of the API', 'GET /', 404],
  ['robots.txt', 'GET /robots.txt', 404],
  ['the prefix without its slash', 'GET /v1', 404],
  ['another version of the API', 'GET /v2/x', 404],
  ['the prefix in another case', 'GET /V1/x', 404],
  ['an escaped prefix', 'GET /%76%31/x', 404],
];

const NEVER = { handle: () => Promise.reject(new Error('core was asked')) };

describe('createApi', () => {
  for (const [name, lines, body, status, message] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const called = await callApi(NEVER, lines, body);
      const errors = JSON.stringify({ errors: [message] });
      assert.deepEqual([called.status, called.body], [status, errors]);
      assert(
        called.input.every((byte) => byte === 0),
        'the request was not wiped',
      );
    });
  }

  for (const [name, line, status] of EMPTY_ERRORS) {
    it(`answers ${status} to ${name}`, async () => {
      const called = await callApi(NEVER, [line]);
      assert.deepEqual([called.status, called.body], [status, '{"errors":[]}']);
    });
  }
});
