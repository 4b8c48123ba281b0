// kv commands on both versions of the engine: paths, bodies, sections, and what they refuse.
import { type Answers, type Row, testRows } from '../../testing/stub-server.js';

const version2: Answers = {
  'GET sys/internal/ui/mounts/secret/app/db': [
    200,
    { data: { path: 'secret/', type: 'kv', options: { version: '2' } } },
  ],
  'GET sys/internal/ui/mounts/secret/': [
    200,
    { data: { path: 'secret/', type: 'kv', options: { version: '2' } } },
  ],
  'GET sys/internal/ui/mounts/secret': [
    200,
    { data: { path: 'secret/', type: 'kv', options: { version: '2' } } },
  ],
};
const version1: Answers = {
  'GET sys/internal/ui/mounts/secret/app/db': [
    200,
    { data: { path: 'secret/', type: 'kv', options: null } },
  ],
  'GET sys/internal/ui/mounts/secret': [
    200,
    { data: { path: 'secret/', type: 'kv', options: { version: '1' } } },
  ],
};
const preflight = 'GET sys/internal/ui/mounts/secret/app/db';
const metadata = {
  version: 4,
  created_time: '2026-01-02T03:04:05Z',
  deletion_time: '',
  destroyed: false,
  custom_metadata: null,
};
const stored = { data: { data: { password: 'p', user: 'u' }, metadata } };
const written = { data: metadata };
const deleted = { data: { data: null, metadata: { ...metadata, deletion_time: 'T' } } };

const pathSection = '===== Secret Path =====\nsecret/data/app/db\n\n';
const metadataSection =
  '======= Metadata =======\nKey                Value\n---                -----\ncreated_time       2026-01-02T03:04:05Z\ncustom_metadata    <nil>\ndeletion_time      n/a\ndestroyed          false\nversion            4\n';

const reading: Readonly<Record<string, Row>> = {
  'kv get prints path, metadata and data': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: { ...version2, 'GET secret/data/app/db': [200, stored] },
    out: `${pathSection.replace(/=+/g, (signs) => signs.slice(0, 3))}${metadataSection}\n====== Data ======\nKey         Value\n---         -----\npassword    p\nuser        u\n`,
    calls: [preflight, 'GET secret/data/app/db'],
  },
  'kv get -mount takes the key alone': {
    args: ['kv', 'get', '-mount=secret', '-field=password', 'app/db'],
    answers: { ...version2, 'GET secret/data/app/db': [200, stored] },
    out: 'p',
    calls: ['GET sys/internal/ui/mounts/secret/', 'GET secret/data/app/db'],
  },
  'kv get -version reads an older version': {
    args: ['kv', 'get', '-version=2', '-format=json', 'secret/app/db'],
    answers: { ...version2, 'GET secret/data/app/db?version=2': [200, stored] },
    out: /"data": \{\n {4}"data": \{\n {6}"password": "p"/,
    calls: [preflight, 'GET secret/data/app/db?version=2'],
  },
  'kv get of a deleted version shows what is known': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: { ...version2, 'GET secret/data/app/db': [404, deleted] },
    out: /deletion_time {6}T\n(?![\s\S]*Data)/,
  },
  'kv get -field of a deleted version fails with 2': {
    args: ['kv', 'get', '-field=password', 'secret/app/db'],
    answers: { ...version2, 'GET secret/data/app/db': [404, deleted] },
    code: 2,
    out: '',
    err: /^No data found at secret\/data\/app\/db\n/,
  },
  'kv get -field that is not there fails with 1': {
    args: ['kv', 'get', '-field=version', 'secret/app/db'],
    answers: { ...version2, 'GET secret/data/app/db': [200, stored] },
    code: 1,
    err: /^Field "version" not present in secret/,
  },
  'kv get of nothing fails with 2': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: version2,
    code: 2,
    err: 'No value found at secret/data/app/db\n',
  },
  'kv get of a path of the API says how it is meant': {
    args: ['kv', 'get', '-mount=secret', 'data/app/db'],
    answers: version2,
    code: 2,
    err: /hint: .*try secret\/app\/db/,
  },
  'kv get on version 1 prints data alone': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: {
      ...version1,
      'GET secret/app/db': [200, { lease_duration: 2764800, data: { a: 'b' } }],
    },
    out: '== Data ==\nKey    Value\n---    -----\na      b\n',
    calls: [preflight, 'GET secret/app/db'],
  },
  'kv get without an answer about mounts assumes version 1': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: { 'GET secret/app/db': [200, { data: { a: 'b' } }] },
    out: /a {6}b\n$/,
  },
  'kv get of a path the server only warns about fails with 2': {
    args: ['kv', 'get', '-field=a', 'secret/app/db'],
    answers: {
      'GET secret/app/db': [404, { data: null, warnings: ['Invalid path for a versioned'] }],
    },
    code: 2,
    out: '',
    err: /\* Invalid path[\s\S]*No value found at secret\/app\/db/,
  },
  'kv get stops when the server refuses to say': {
    args: ['kv', 'get', 'secret/app/db'],
    answers: { [preflight]: [403, { errors: ['preflight capability check returned 403'] }] },
    code: 2,
    err: /^Error looking up the mount: /,
    calls: [preflight],
  },
  'kv list': {
    args: ['kv', 'list', 'secret'],
    answers: { ...version2, 'GET secret/metadata/?list=true': [200, { data: { keys: ['app/'] } }] },
    out: 'Keys\n----\napp/\n',
  },
  'kv list -mount alone lists the mount': {
    args: ['kv', 'list', '-mount=secret'],
    answers: { ...version2, 'GET secret/metadata/?list=true': [200, { data: { keys: ['app/'] } }] },
    out: 'Keys\n----\napp/\n',
  },
  'kv list on version 1': {
    args: ['kv', 'list', 'secret'],
    answers: { ...version1, 'GET secret/?list=true': [200, { data: { keys: ['app'] } }] },
    out: 'Keys\n----\napp\n',
  },
  'kv list of nothing fails with 2': {
    args: ['kv', 'list', 'secret'],
    answers: version2,
    code: 2,
    err: 'No value found at secret/metadata/\n',
  },
  'kv metadata get': {
    args: ['kv', 'metadata', 'get', 'secret/app/db'],
    answers: {
      ...version2,
      'GET secret/metadata/app/db': [
        200,
        {
          data: {
            current_version: 10,
            custom_metadata: { o: 'ana' },
            versions: {
              10: { created_time: 'A', deletion_time: '', destroyed: false },
              9: { created_time: 'B', deletion_time: 'C', destroyed: true },
            },
          },
        },
      ],
    },
    out: /^===== Metadata Path =====\nsecret\/metadata\/app\/db\n\n======= Metadata =======\n[\s\S]*custom_metadata {4}map\[o:ana\]\n\n====== Version 9 ======\n[\s\S]*===== Version 10 =====\nKey {14}Value\n--- {14}-----\ncreated_time {5}A\ndeletion_time {4}n\/a\ndestroyed {8}false\n$/,
  },
};

const writing: Readonly<Record<string, Row>> = {
  'kv put prints path and metadata': {
    args: ['kv', 'put', 'secret/app/db', 'a=b'],
    answers: { ...version2, 'PUT secret/data/app/db': [200, written] },
    out: new RegExp(`^=+ Secret Path =+\nsecret/data/app/db\n\n${metadataSection}$`),
    calls: [preflight, 'PUT secret/data/app/db {"data":{"a":"b"},"options":{}}'],
  },
  'kv put -cas=0 means there must be none': {
    args: ['kv', 'put', '-cas=0', '-field=version', 'secret/app/db', 'a=b'],
    answers: { ...version2, 'PUT secret/data/app/db': [200, written] },
    out: '4',
    calls: [preflight, 'PUT secret/data/app/db {"data":{"a":"b"},"options":{"cas":0}}'],
  },
  'kv put whose cas does not match fails with 2': {
    args: ['kv', 'put', '-cas=1', 'secret/app/db', 'a=b'],
    answers: {
      ...version2,
      'PUT secret/data/app/db': [
        400,
        { errors: ['check-and-set parameter did not match the current version'] },
      ],
    },
    code: 2,
    err: /did not match the current version/,
  },
  'kv put without data fails before anything is asked': {
    args: ['kv', 'put', 'secret/app/db'],
    code: 1,
    err: /^Must supply data\n/,
    calls: [],
  },
  'kv put on version 1': {
    args: ['kv', 'put', 'secret/app/db', 'a=b', 'a=c'],
    answers: { ...version1, 'PUT secret/app/db': [204, null] },
    out: 'Success! Data written to: secret/app/db\n',
    calls: [preflight, 'PUT secret/app/db {"a":["b","c"]}'],
  },
  'kv put -cas on version 1 fails': {
    args: ['kv', 'put', '-cas=1', 'secret/app/db', 'a=b'],
    answers: version1,
    code: 1,
    err: /^-cas needs a K\/V engine of version 2/,
    calls: [preflight],
  },
  'kv put -output-curl-string shows the write and not the question before it': {
    args: ['kv', 'put', '-output-curl-string', 'secret/app/db', "a=it's"],
    answers: version2,
    out: /^curl -X PUT -H 'Content-Type: application\/json' -H 'X-Vault-Request: true' -H "X-Vault-Token: \$\(vouchsafe print token\)" -d '\{"data":\{"a":"it'\\''s"\},"options":\{\}\}' 'http:\/\/127\.0\.0\.1:\d+\/v1\/secret\/data\/app\/db'\n$/,
    calls: [preflight],
  },
  'kv patch sends changes alone': {
    args: ['kv', 'patch', '-remove-data=old', 'secret/app/db', 'a=b'],
    answers: { ...version2, 'PATCH secret/data/app/db': [200, written] },
    out: /Metadata/,
    calls: [preflight, 'PATCH secret/data/app/db {"data":{"a":"b","old":null},"options":{}}'],
  },
  'kv patch reads and writes back where patching is not allowed': {
    args: ['kv', 'patch', '-remove-data=user', 'secret/app/db', 'a=b'],
    answers: {
      ...version2,
      'PATCH secret/data/app/db': [403, { errors: ['permission denied'] }],
      'GET secret/data/app/db': [
        200,
        '{"data":{"data":{"n":12345678901234567890,"user":"u"},"metadata":{"version":4}}}',
      ],
      'PUT secret/data/app/db': [200, written],
    },
    calls: [
      preflight,
      'PATCH secret/data/app/db {"data":{"a":"b","user":null},"options":{}}',
      'GET secret/data/app/db',
      'PUT secret/data/app/db {"data":{"n":12345678901234567890,"a":"b"},"options":{"cas":4}}',
    ],
  },
  'kv patch -method=patch does not fall back': {
    args: ['kv', 'patch', '-method=patch', 'secret/app/db', 'a=b'],
    answers: {
      ...version2,
      'PATCH secret/data/app/db': [405, { errors: ['unsupported operation'] }],
    },
    code: 2,
    err: /unsupported operation/,
    calls: [preflight, 'PATCH secret/data/app/db {"data":{"a":"b"},"options":{}}'],
  },
  'kv patch of nothing fails with 2': {
    args: ['kv', 'patch', 'secret/app/db', 'a=b'],
    answers: version2,
    code: 2,
    err: /^No value found at secret\/data\/app\/db/,
  },
  'kv patch on version 1 fails': {
    args: ['kv', 'patch', 'secret/app/db', 'a=b'],
    answers: version1,
    code: 1,
    err: /version 2/,
    calls: [preflight],
  },
  'kv delete deletes the newest version': {
    args: ['kv', 'delete', 'secret/app/db'],
    answers: { ...version2, 'DELETE secret/data/app/db': [204, null] },
    out: 'Success! Data deleted (if it existed) at: secret/data/app/db\n',
  },
  'kv delete -versions deletes those': {
    args: ['kv', 'delete', '-versions=1,2', '-versions=3', 'secret/app/db'],
    answers: { ...version2, 'PUT secret/delete/app/db': [204, null] },
    calls: [preflight, 'PUT secret/delete/app/db {"versions":["1","2","3"]}'],
  },
  'kv undelete': {
    args: ['kv', 'undelete', '-versions=1', 'secret/app/db'],
    answers: { ...version2, 'PUT secret/undelete/app/db': [204, null] },
    out: 'Success! Data written to: secret/undelete/app/db\n',
    calls: [preflight, 'PUT secret/undelete/app/db {"versions":["1"]}'],
  },
  'kv undelete without versions fails': {
    args: ['kv', 'undelete', 'secret/app/db'],
    code: 1,
    err: /^-versions must be given/,
    calls: [],
  },
  'kv destroy': {
    args: ['kv', 'destroy', '-versions=1', 'secret/app/db'],
    answers: { ...version2, 'PUT secret/destroy/app/db': [204, null] },
    calls: [preflight, 'PUT secret/destroy/app/db {"versions":["1"]}'],
  },
  'kv destroy without versions fails': {
    args: ['kv', 'destroy', 'secret/app/db'],
    code: 1,
    err: /^-versions must be given/,
    calls: [],
  },
  'kv rollback writes the old content if nobody else wrote': {
    args: ['kv', 'rollback', '-version=2', 'secret/app/db'],
    answers: {
      ...version2,
      'GET secret/data/app/db': [200, stored],
      'GET secret/data/app/db?version=2': [200, '{"data":{"data":{"n":1.0},"metadata":{}}}'],
      'PUT secret/data/app/db': [200, written],
    },
    calls: [
      preflight,
      'GET secret/data/app/db',
      'GET secret/data/app/db?version=2',
      'PUT secret/data/app/db {"data":{"n":1.0},"options":{"cas":4}}',
    ],
  },
  'kv rollback to a destroyed version changes nothing': {
    args: ['kv', 'rollback', '-version=2', 'secret/app/db'],
    answers: {
      ...version2,
      'GET secret/data/app/db': [200, stored],
      'GET secret/data/app/db?version=2': [404, deleted],
    },
    code: 2,
    err: /^Cannot roll back to version 2/,
    calls: [preflight, 'GET secret/data/app/db', 'GET secret/data/app/db?version=2'],
  },
  'kv rollback without a version fails': {
    args: ['kv', 'rollback', 'secret/app/db'],
    code: 1,
    err: /^-version: want/,
    calls: [],
  },
  'kv enable-versioning': {
    args: ['kv', 'enable-versioning', 'secret'],
    answers: { 'POST sys/mounts/secret/tune': [204, null] },
    out: 'Success! Tuned the secrets engine at: secret/\n',
    calls: ['POST sys/mounts/secret/tune {"options":{"version":"2"}}'],
  },
  'kv metadata put sends what was given': {
    args: [
      'kv',
      'metadata',
      'put',
      '-max-versions=5',
      '-cas-required=false',
      '-custom-metadata=o=a=b',
      'secret/app/db',
    ],
    answers: { ...version2, 'PUT secret/metadata/app/db': [204, null] },
    out: 'Success! Data written to: secret/metadata/app/db\n',
    calls: [
      preflight,
      'PUT secret/metadata/app/db {"cas_required":false,"custom_metadata":{"o":"a=b"},"max_versions":5}',
    ],
  },
  'kv metadata patch takes notes out': {
    args: ['kv', 'metadata', 'patch', '-remove-custom-metadata=o', 'secret/app/db'],
    answers: { ...version2, 'PATCH secret/metadata/app/db': [204, null] },
    calls: [preflight, 'PATCH secret/metadata/app/db {"custom_metadata":{"o":null}}'],
  },
  'kv metadata patch without a change fails': {
    args: ['kv', 'metadata', 'patch', 'secret/app/db'],
    code: 1,
    err: /^nothing to change/,
    calls: [],
  },
  'kv metadata put with a duration that is none fails': {
    args: ['kv', 'metadata', 'put', '-delete-version-after=soon', 'secret/app/db'],
    code: 1,
    err: /^-delete-version-after: want seconds/,
    calls: [],
  },
  'kv metadata delete': {
    args: ['kv', 'metadata', 'delete', 'secret/app/db'],
    answers: { ...version2, 'DELETE secret/metadata/app/db': [204, null] },
    out: 'Success! Data deleted (if it existed) at: secret/metadata/app/db\n',
  },
};

testRows({ ...reading, ...writing });
