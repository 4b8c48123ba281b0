// AWS's root for Nitro attestation, pinned. Never used by itself: a caller passes the roots it trusts,
// and may pass a testing CA's instead.

import { decodeBase64 } from '../encoding/base64.js';
import type { ChainRoot } from '../pki/chain.js';

/**
 * "aws.nitro-enclaves" (G1), of the commercial partition, valid 2019-10-28 to 2049-10-28, SHA-256 of
 * the DER 641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b
 * (https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html).
 */
const nitroEnclavesRootG1 = decodeBase64(
  'MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTELMAkGA1UEBhMCVVMxDzANBgNVBAoM' +
    'BkFtYXpvbjEMMAoGA1UECwwDQVdTMRswGQYDVQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcN' +
    'NDkxMDI4MTQyODA1WjBJMQswCQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQLDANBV1MxGzAZBgNVBAMM' +
    'EmF3cy5uaXRyby1lbmNsYXZlczB2MBAGByqGSM49AgEGBSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy' +
    '2YlES1BR5TSksfbb48C8WBoyt7F2Bw7eEtaaP+ohG2bnUs990d0JX28TcPQXCEPZ3BABIeTPYwEoCWZEh8l5YoQwTcU/' +
    '9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUkCW1DdkFR+eWw5b6cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGG' +
    'MAoGCCqGSM49BAMDA2kAMGYCMQCjfy+Rocm9Xue4YnwWmNJVA44fA0P5W2OpYow9OYCVRaEevL8uO1XYru5xtMPWrfMC' +
    'MQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPLb+6NIwLz3/Y=',
);

/** The root of genuine Nitro Enclaves and NitroTPM documents. */
export const pinnedNitroRoots: readonly ChainRoot[] = [
  { kind: 'certificate', der: nitroEnclavesRootG1 },
];
