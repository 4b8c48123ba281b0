// operator commands: what they send, print and exit with. Keys never show up in an error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Row, testRows } from '../../testing/stub-server.js';
import { decodeRootToken } from './generate-root.js';

const seal = {
  type: 'shamir',
  initialized: false,
  sealed: true,
  t: 0,
  n: 0,
  progress: 0,
  nonce: '',
  version: '1',
  migration: false,
  recovery_seal: false,
  storage_type: 'file',
};
const initResult = { keys: ['aa', 'bb'], keys_base64: ['qg==', 'uw=='], root_token: 'hvs.root' };
const attempt = {
  nonce: 'n1',
  started: true,
  progress: 0,
  required: 2,
  complete: false,
  encoded_token: '',
  encoded_root_token: '',
  pgp_fingerprint: '',
  otp: 'OTP',
  otp_length: 28,
};
const rekey = {
  nonce: 'r1',
  started: true,
  t: 2,
  n: 3,
  progress: 0,
  required: 2,
  pgp_fingerprints: null,
  backup: false,
  verification_required: false,
};

const rows: Readonly<Record<string, Row>> = {
  'operator init prints keys and root token in the lines tools look for': {
    args: ['operator', 'init', '-key-shares=2', '-t', '1'],
    answers: { 'GET sys/seal-status': [200, seal], 'PUT sys/init': [200, initResult] },
    out: /^Unseal Key 1: qg==\nUnseal Key 2: uw==\n\nInitial Root Token: hvs\.root\n\nSuccess!/,
    calls: ['GET sys/seal-status', 'PUT sys/init {"secret_shares":2,"secret_threshold":1}'],
  },
  'operator init as JSON': {
    args: ['operator', 'init', '-format=json'],
    answers: { 'GET sys/seal-status': [200, seal], 'PUT sys/init': [200, initResult] },
    out: /^\{\n {2}"unseal_keys_b64": \[\n {4}"qg==",\n {4}"uw=="\n {2}\],\n {2}"unseal_keys_hex": \[[\s\S]*"unseal_shares": 5,\n {2}"unseal_threshold": 3,[\s\S]*"root_token": "hvs\.root"\n\}\n$/,
  },
  'operator init where the server unseals itself asks for recovery keys': {
    args: ['operator', 'init'],
    answers: {
      'GET sys/seal-status': [200, { ...seal, recovery_seal: true }],
      'PUT sys/init': [
        200,
        { keys: [], keys_base64: [], recovery_keys_base64: ['rr=='], root_token: 'hvs.root' },
      ],
    },
    out: /^Recovery Key 1: rr==\n/,
    calls: ['GET sys/seal-status', 'PUT sys/init {"recovery_shares":5,"recovery_threshold":3}'],
  },
  'operator init a second time fails with 2': {
    args: ['operator', 'init'],
    answers: {
      'GET sys/seal-status': [200, seal],
      'PUT sys/init': [400, { errors: ['Vault is already initialized'] }],
    },
    code: 2,
    err: /^Error initializing: [\s\S]*\* Vault is already initialized/,
  },
  'operator init with fewer PGP keys than shares fails': {
    args: ['operator', 'init', '-pgp-keys=/nonexistent'],
    answers: { 'GET sys/seal-status': [200, seal] },
    code: 1,
    err: /^PGP key: cannot read/,
  },
  'operator init -status of one that was set up': {
    args: ['operator', 'init', '-status'],
    answers: { 'GET sys/init': [200, { initialized: true }] },
    out: /is initialized/,
  },
  'operator init -status of one that was not is 2': {
    args: ['operator', 'init', '-status'],
    answers: { 'GET sys/init': [200, { initialized: false }] },
    code: 2,
  },
  'operator init -status that cannot be asked is 1': {
    args: ['operator', 'init', '-status', '-address=http://127.0.0.1:1'],
    code: 1,
  },
  'operator unseal with a key': {
    args: ['operator', 'unseal', 'abcd'],
    answers: { 'PUT sys/unseal': [200, { ...seal, t: 3, n: 5, progress: 1, nonce: 'x' }] },
    out: /Unseal Progress {4}1\/3\nUnseal Nonce {7}x\n/,
    calls: ['PUT sys/unseal {"key":"abcd","reset":false,"migrate":false}'],
  },
  'operator unseal with a key from standard input': {
    args: ['operator', 'unseal'],
    input: 'abcd\n',
    answers: { 'PUT sys/unseal': [200, { ...seal, sealed: false }] },
    calls: ['PUT sys/unseal {"key":"abcd","reset":false,"migrate":false}'],
  },
  'operator unseal -reset': {
    args: ['operator', 'unseal', '-reset'],
    answers: { 'PUT sys/unseal': [200, seal] },
    calls: ['PUT sys/unseal {"reset":true}'],
  },
  'operator unseal with a wrong key does not repeat it': {
    args: ['operator', 'unseal', 'my-wrong-key'],
    answers: {
      'PUT sys/unseal': [400, { errors: ["'key' must be a valid hex or base64 string"] }],
    },
    code: 2,
    err: /^(?![\s\S]*my-wrong-key)Error unsealing/,
  },
  'operator unseal without any key fails': {
    args: ['operator', 'unseal'],
    code: 1,
    err: /^Unseal Key: nothing given/,
    calls: [],
  },
  'operator seal': {
    args: ['operator', 'seal'],
    answers: { 'PUT sys/seal': [204, null] },
    out: 'Success! Vault is sealed.\n',
  },
  'operator seal without the right fails with 2': {
    args: ['operator', 'seal'],
    answers: { 'PUT sys/seal': [403, { errors: ['permission denied'] }] },
    code: 2,
  },
  'operator step-down': {
    args: ['operator', 'step-down'],
    answers: { 'PUT sys/step-down': [204, null] },
    out: /^Success! Stepped down: http:/,
  },
  'operator key-status': {
    args: ['operator', 'key-status'],
    answers: {
      'GET sys/key-status': [
        200,
        { term: 2, install_time: 'T', encryptions: 7, data: { term: 2 } },
      ],
    },
    out: 'Key Term            2\nInstall Time        T\nEncryption Count    7\n',
  },
  'operator rotate': {
    args: ['operator', 'rotate'],
    answers: {
      'POST sys/rotate': [204, null],
      'GET sys/key-status': [200, { term: 3, install_time: 'T', encryptions: 0 }],
    },
    out: /^Success! Rotated key\n\nKey Term {12}3\n/,
  },
  'operator members': {
    args: ['operator', 'members'],
    answers: {
      'GET sys/ha-status': [
        200,
        { nodes: [{ hostname: 'h', api_address: 'a', cluster_address: 'c', active_node: true }] },
      ],
    },
    out: /^Host Name[\s\S]*\nh {12}a {14}c {18}true\n/,
  },
  'operator generate-root -init prints the one-time password': {
    args: ['operator', 'generate-root', '-init'],
    answers: { 'PUT sys/generate-root/attempt': [200, attempt] },
    out: /Nonce {9}n1\n[\s\S]*OTP {11}OTP\nOTP Length {4}28\n/,
    calls: ['PUT sys/generate-root/attempt {}'],
  },
  'operator generate-root hands a key in': {
    args: ['operator', 'generate-root', 'abcd'],
    answers: {
      'GET sys/generate-root/attempt': [200, attempt],
      'PUT sys/generate-root/update': [
        200,
        { ...attempt, progress: 2, complete: true, encoded_token: 'ENC', otp: '' },
      ],
    },
    out: /Encoded Token {4}ENC\n/,
    calls: [
      'GET sys/generate-root/attempt',
      'PUT sys/generate-root/update {"key":"abcd","nonce":"n1"}',
    ],
  },
  'operator generate-root that was not started fails': {
    args: ['operator', 'generate-root', 'abcd'],
    answers: { 'GET sys/generate-root/attempt': [200, { ...attempt, started: false }] },
    code: 1,
    err: /^No root generation is in progress/,
    calls: ['GET sys/generate-root/attempt'],
  },
  'operator generate-root - needs the nonce': {
    args: ['operator', 'generate-root', '-'],
    answers: { 'GET sys/generate-root/attempt': [200, attempt] },
    code: 1,
    err: /^-nonce must be given/,
  },
  'operator generate-root -decode happens here': {
    args: ['operator', 'generate-root', '-decode=KRUWaw==', '-otp=Ac8X'],
    out: 'hv.3\n',
    calls: [],
  },
  'operator generate-root -decode without -otp fails': {
    args: ['operator', 'generate-root', '-decode=AAAA'],
    code: 1,
    err: /^-otp must be given/,
  },
  'operator generate-root -cancel': {
    args: ['operator', 'generate-root', '-cancel'],
    answers: { 'DELETE sys/generate-root/attempt': [204, null] },
    out: /^Success!/,
  },
  'operator generate-root -generate-otp is as long as the server wants': {
    args: ['operator', 'generate-root', '-generate-otp'],
    answers: { 'GET sys/generate-root/attempt': [200, { ...attempt, otp_length: 28 }] },
    out: /^[A-Za-z0-9]{28}\n$/,
  },
  'operator generate-root -cancel names the attempt where that is said': {
    args: ['operator', 'generate-root', '-cancel', '-nonce=g1'],
    answers: { 'DELETE sys/generate-root/attempt?nonce=g1': [204, null] },
    out: /^Success!/,
    calls: ['DELETE sys/generate-root/attempt?nonce=g1'],
  },
  'operator generate-root asks for the nonce that the server does not tell': {
    args: ['operator', 'generate-root', 'abcd'],
    answers: { 'GET sys/generate-root/attempt': [200, { ...attempt, started: true, nonce: '' }] },
    code: 1,
    err: /^-nonce must be given/,
    calls: ['GET sys/generate-root/attempt'],
  },
  'operator rekey asks for the nonce that the server does not tell': {
    args: ['operator', 'rekey', 'abcd'],
    answers: { 'GET sys/rekey/init': [200, { ...rekey, nonce: '' }] },
    code: 1,
    err: /^-nonce must be given/,
    calls: ['GET sys/rekey/init'],
  },
  'operator rekey -init': {
    args: ['operator', 'rekey', '-init', '-n=3', '-t=2'],
    answers: { 'PUT sys/rekey/init': [200, rekey] },
    out: /Nonce {20}r1\nStarted {18}true\nRekey Progress {11}0\/2\n/,
    calls: [
      'PUT sys/rekey/init {"secret_shares":3,"secret_threshold":2,"backup":false,"require_verification":false}',
    ],
  },
  'operator rekey prints the new keys when it is done': {
    args: ['operator', 'rekey', '-nonce=r1', '-'],
    input: 'abcd\n',
    answers: {
      'GET sys/rekey/init': [200, rekey],
      'PUT sys/rekey/update': [
        200,
        { ...rekey, complete: true, keys: ['aa'], keys_base64: ['qg=='] },
      ],
    },
    out: /^Key 1: qg==\n\nOperation nonce: r1\n/,
    calls: ['GET sys/rekey/init', 'PUT sys/rekey/update {"key":"abcd","nonce":"r1"}'],
  },
  'operator rekey -verify hands a new key in': {
    args: ['operator', 'rekey', '-verify', 'abcd'],
    answers: {
      'GET sys/rekey/verify': [200, { nonce: 'v1', started: true }],
      'PUT sys/rekey/verify': [200, { nonce: 'v1', complete: true }],
    },
    out: /verified/,
    calls: ['GET sys/rekey/verify', 'PUT sys/rekey/verify {"key":"abcd","nonce":"v1"}'],
  },
  'operator rekey that was not started fails': {
    args: ['operator', 'rekey', 'abcd'],
    answers: { 'GET sys/rekey/init': [200, { ...rekey, started: false }] },
    code: 1,
    err: /^No rekey is in progress/,
  },
  'operator rekey -cancel': {
    args: ['operator', 'rekey', '-cancel', '-target=recovery'],
    answers: { 'DELETE sys/rekey-recovery-key/init': [204, null] },
    out: /^Success!/,
  },
  'operator rekey -backup-retrieve of nothing fails with 2': {
    args: ['operator', 'rekey', '-backup-retrieve'],
    code: 2,
    err: /^No backed-up keys found/,
  },
  'operator rekey of something else fails': {
    args: ['operator', 'rekey', '-target=x'],
    code: 1,
    err: /^-target: want one of barrier, recovery/,
    calls: [],
  },
};

testRows(rows);

test('decoding refuses a one-time password of another length', () => {
  assert.throws(() => decodeRootToken('AAAA', 'ab'), /different lengths/);
  assert.throws(() => decodeRootToken('', ''), /different lengths/);
  const otp = 'abcdefghij';
  const token = 'hvs.123456';
  const encoded = Buffer.from([...token].map((c, i) => c.charCodeAt(0) ^ otp.charCodeAt(i)));
  assert.equal(decodeRootToken(encoded.toString('base64').replace(/=+$/, ''), otp), token);
});
