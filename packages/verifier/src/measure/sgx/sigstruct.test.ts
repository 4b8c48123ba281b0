// A SIGSTRUCT that Fortanix's sgxs crate (0.9.0) signed, and what must not pass for one.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64 } from '../../encoding/base64.js';
import { concatBytes } from '../../encoding/bytes.js';
import { encodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import { nodeProvider } from '../../provider-node.js';
import { webProvider } from '../../provider-web.js';
import { signSigstruct } from '../../testing/sigstruct.js';
import { verifySigstruct } from './sigstruct.js';

const signed = decodeBase64(
  'BgAAAOEAAAAAAAEAAAAAAAAAAAAiESYgAQEAAGAAAABgAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACblsKb4PofrsiL' +
    'luPkCJjOKqrt5qKcmMV0t3BGsPIbmg3hHbh0YX1QRYM9AhjLk+jT5SsSFYYYoNzb+3kiZ2MyCkHLTCLc8SUm7qGEOIMz' +
    'SEb2SKIwT1oLg5cWZms9353TS6LdajNvdmu7Ww8bLJ37rOI8O21Qt4oveVpQPdqHaDzU2hBubUfoatuES1VCPZtBVT9c' +
    'pt+vwFo0JY5V/1nTPwSTFYMGDuMNk2Fdco5KvLuTjNlik6OU6oTXuk4sTTN4KeTdD6tMNg2R+DH2H78+5BqZ0KBEX+df' +
    'yctDiSCL8+AFJUkTJxlDrXRJC1HiCqthwvUkEoM7rERvlkPMLjzpEFv1OToKCz7p8Va8g9E/yQYpzuepkYMfwm/eNWQE' +
    'gnzIZJJvOk6GZoRFF58gwx7DXB4aORv1UIW3+iFUUke2BQX4Nsz3Tc7+d+QyGjMY3c0WCgrtk9CGygGL14BayYXeujzz' +
    'k4dwCTbhus5TKZEFI2qa1XnWk+HAWMpL52D6GOADAAAA9PiPPbmpgBDO0ik51XJi3MG2Bh5BROt9xQlAl/XhzhBFqdXu' +
    'FlzKQqOOh53cxY7YgLYeTdL/mLlDViAsSnm5/4mMjedDy+I3mn4Eu+AhG4m1fZI7h3Vh2QGxDPSmap9OJcyj1urd+f2f' +
    'epiitDlpknrjkMCQsO6itwQGyAE2VaxPQerZHClh9W5/nyYowO0eoOQKkG0t59AS3o0IP7LTiG2+R8PCpcyvCV+O/sXC' +
    'aR80k+FiIn/nDz4GU7692Hz6WI1V/QLt742hbWv8q/RJYkCMYUe1gPEvIUYhnJITFAtauGQzi/Hm5zLKDx73XOgeakyN' +
    'NM+oUjVM5FyjgIQWD9eD7PwzCE5Pj1RIURELu7TIba8w7tTN+3R6OF9n9X36gH+j26T4J+lzwYHpp/1qzOfO/it+bUMe' +
    'KEo1/pEgK9wp1o36/K+03K1pQEEVvcDGjpH7Yg+NIEr4+nL9DpwPS4MjtOedvPmwAy9CI+wkejMG1EovToQkseLlqEDY' +
    'F7MlAAAAAP////8AAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAwAAAAAAAAD+/////////xv/////////AQYLEBUa' +
    'HyQpLjM4PUJHTFFWW2Blam90eX6DiI2Sl5wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIBBwAAAAAAAAAA' +
    'AAAAAAA0sVooQowi1A8e4Ntlnw2cSsT8r68HwRjOquf65EcmU2acbrLoy3jq03CRWWowSptkMH7bqnX0LXXdR5OKxOxc' +
    '68RkAZZV3arGbhgJfXWmTR9sXMnXzPN9VQt7udx6emB5f0BLAM/+rC8f6uztAHKpWQYiPjZ9t4Z5iq1ar3Wv53emBwdv' +
    'VJTq4z3CXw5o8LuTRLPecIOmYLM7Nqnjp1gUnta9s7jXChSt5sFnjgsSK0fkG2uyAuJRQdMCNRMvovFVM6O+9U5syzhx' +
    '4NJSCd+hql6vxN2FMTh2skgGEm35CpJ18lozh3VrtSuMGD0XJOt826hhKBdWbPrAvGM/kpGGIEiPs3nt3UJgEd0BQOot' +
    'm2eciRsEU9XDrrv5iMCqlzBHpWOmm1p6ZU0nx3eNjK4KyYVvZjBJy3uf8VHIYw/l8NQjJZY7RKbINdOC4HNGq6CWd2GW' +
    'ly9iztyLPMg5nIpZRQCFwcnh0a+JCME1m4jvO7QaNerIvimRxy2GyJeWVwYETgmztSXazrA/xMK6gRS4c9FK2+J3fwn+' +
    'o5ih9CKyeoABXiRc922pFGluAuSvM3NCdlcUrcbO7qUqrrSw8/4PlYglj+XHfXO844ngUCThiWhr0QjKSCdxFd0kEkOh' +
    'G0cqCudjaLqp8bB0nYVZWR2lcz4rDmXkNSYOOCuuWHWiJ3YI6JD4MpUSdOueTP4YoYUPMsmVHywNwFEtXfqOctyRNxt6' +
    'i9/OwrPLygEDzcSacr0Ggmx4w9cu9pi/VlGqSn2Yz4cnu71Nmg5mWqaKl/+tdAyATXCdqEBLxSdT5L7FDd0zgV7lWRv7' +
    'Kkh1T2YaA+Q1JzJ0c4jM4xuuzaDACDIYhSOaeQt3EC2X/8i0I1RtyjOlprtCMXvZ/h5p2nvdWEUPM5Ns2pG6NdZPAuWR' +
    'Eca6+KOid+JZ7qJT8V23xyTiK2OmuCGfnsi71/cvwemZxyu+jpadEVdrw4Iojp9k5jybMSyl769TBDSuU61eND4507TX' +
    'hPw4Xh4eMGeMe5GKZh4=' +
    '',
);

test('a signed enclave is measured as its signer measured it', async () => {
  for (const provider of [nodeProvider, webProvider]) {
    const enclave = await verifySigstruct(signed, provider);
    assert.equal(
      encodeHex(enclave.mrEnclave),
      '01060b10151a1f24292e33383d42474c51565b60656a6f74797e83888d92979c',
    );
    // SHA-256 over the modulus as openssl prints it, turned round.
    assert.equal(
      encodeHex(enclave.mrSigner),
      '2dd9e59fae96b20f1a466b830398694b3ca40d042ec5e89e680ab449885b65c7',
    );
    assert.equal(enclave.isvProdId, 258);
    assert.equal(enclave.isvSvn, 7);
    assert.equal(encodeHex(enclave.attributes), '04000000000000000300000000000000');
    assert.equal(encodeHex(enclave.attributesMask), 'feffffffffffffff1bffffffffffffff');
    assert.equal(encodeHex(enclave.miscMask), 'ffffffff');
    assert.equal(enclave.date, '20261122');
    assert.equal(enclave.debugAllowed, false);
  }
});

type Change = (bytes: Uint8Array) => void;

const keys = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 });

/** Signs what a change has made of the enclave's fields, as a signer would. */
function resigned(change: Change, key: KeyObject = keys.privateKey): Uint8Array {
  const bytes = signed.slice();
  change(bytes);
  return signSigstruct(bytes, keys.publicKey, key);
}

const set =
  (at: number, ...values: readonly number[]): Change =>
  (bytes) =>
    bytes.set(values, at);
const changed = (change: Change): Uint8Array => {
  const bytes = signed.slice();
  change(bytes);
  return bytes;
};

test('a signer may allow DEBUG: set, or left open by the mask', async () => {
  const verify = (change: Change) => verifySigstruct(resigned(change), nodeProvider);
  assert.equal((await verify(() => {})).debugAllowed, false);
  assert.equal((await verify(set(928, 0x06))).debugAllowed, true);
  assert.equal((await verify(set(944, 0xfc))).debugAllowed, true);
});

const refusals: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['one byte short', signed.subarray(0, 1807), 'malformed'],
  ['one byte long', concatBytes(signed, Uint8Array.of(0)), 'trailing-data'],
  ['another header', resigned(set(0, 7)), 'unsupported-format'],
  ['another second header', resigned(set(24, 2)), 'unsupported-format'],
  ['a date that is not decimal', resigned(set(20, 0x1a)), 'malformed'],
  ['reserved bytes after SWDEFINED', resigned(set(44, 1)), 'reserved-bits'],
  ['the last of those reserved bytes', resigned(set(127, 1)), 'reserved-bits'],
  ['reserved bytes after CET_ATTRIBUTES', resigned(set(910, 1)), 'reserved-bits'],
  ['reserved bytes after ENCLAVEHASH', resigned(set(992, 1)), 'reserved-bits'],
  ['reserved bytes after ISVSVN', changed(set(1028, 1)), 'reserved-bits'],
  ['an exponent that is not 3', changed(set(512, 1, 0, 1)), 'public-key-invalid'],
  ['a modulus of fewer bits', changed(set(511, 0)), 'public-key-invalid'],
  ['an even modulus', changed(set(128, 0)), 'public-key-invalid'],
  ['a signature above the modulus', changed((b) => b.fill(0xff, 516, 900)), 'signature-invalid'],
  ['a wrong first quotient', changed(set(1040, 0, 0)), 'malformed'],
  ['a wrong second quotient', changed(set(1424, 0, 0)), 'malformed'],
  ['a changed measurement', changed(set(960, 0)), 'signature-invalid'],
  ['a changed product', changed(set(1024, 0)), 'signature-invalid'],
  ['a changed version', changed(set(1026, 8)), 'signature-invalid'],
  ['a mask that no longer forbids DEBUG', changed(set(944, 0xfc)), 'signature-invalid'],
  ['changed attributes', changed(set(928, 6)), 'signature-invalid'],
  ['a changed vendor', changed(set(16, 1)), 'signature-invalid'],
  [
    'the key of another signer',
    resigned(() => {}, generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey),
    'signature-invalid',
  ],
];

for (const [sentence, bytes, code] of refusals) {
  test(`no SIGSTRUCT: ${sentence}`, async () => {
    await assert.rejects(verifySigstruct(bytes, nodeProvider), { code });
  });
}

test('no changed byte is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(signed.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const bytes = changed(set(at, (signed[at] ?? 0) ^ mask));
        await assert.rejects(verifySigstruct(bytes, nodeProvider), EvidenceError);
      },
    ),
    { numRuns: 300 },
  );
});
