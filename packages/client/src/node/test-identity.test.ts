// A server identity for tests on a real TLS socket: names localhost and vouchsafe.test, valid to 2099, protects nothing.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';

export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgirUhsuNp99DHSdC9
JLfCUYtxvJZDkFb0OL2TnIxDZzWhRANCAAT5MJXdnSaA97PtGKF44ENgfr3aASTl
tD08ZK6+V3AtEZDIMGOQMjVJBOCLyCY+cN9XyJbYvYNMKDsQ8x64aiXP
-----END PRIVATE KEY-----
`;

export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBcDCCARegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPkwld2dJoD3s+0Y
oXjgQ2B+vdoBJOW0PTxkrr5XcC0RkMgwY5AyNUkE4IvIJj5w31fIlti9g0woOxDz
HrhqJc+jWDBWMA8GA1UdEwEB/wQFMAMBAf8wJAYDVR0RBB0wG4IJbG9jYWxob3N0
gg52b3VjaHNhZmUudGVzdDAdBgNVHQ4EFgQUH9QFgFK1mW34QhXES/iMuyr3rHQw
CgYIKoZIzj0EAwIDRwAwRAIgaz/J62iYV2agWyyfibK11fzXSDXB+BjuBEt7OPPm
UzACICMunu9WbohRYfRoasmBjv7eCR1/3G7ROh/L9+whs2cE
-----END CERTIFICATE-----
`;

test('the test identity names localhost and not an address', () => {
  const certificate = new X509Certificate(testCertificate);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(certificate.checkIP('127.0.0.1'), undefined);
});
