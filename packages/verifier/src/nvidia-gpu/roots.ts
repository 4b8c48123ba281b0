// NVIDIA’s root, pinned: the one whom the chains of genuine GPUs lead to. Never used by itself: a caller passes the
// roots it trusts, and may pass a testing CA’s instead.

import { decodeBase64 } from '../encoding/base64.js';
import type { ChainRoot } from '../pki/chain.js';

/**
 * NVIDIA Device Identity CA, valid 2021-11-05 to 9999-12-31, SHA-256 of the DER
 * 102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48
 * (github.com/NVIDIA/nvtrust, verifier_device_root.pem).
 */
const deviceIdentityCa = decodeBase64(
  'MIICCzCCAZCgAwIBAgIQLTZwscoQBBHB/sDoKgZbVDAKBggqhkjOPQQDAzA1MSIwIAYDVQQDDBlOVklESUEgRGV2aW' +
    'NlIElkZW50aXR5IENBMQ8wDQYDVQQKDAZOVklESUEwIBcNMjExMTA1MDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMDUx' +
    'IjAgBgNVBAMMGU5WSURJQSBEZXZpY2UgSWRlbnRpdHkgQ0ExDzANBgNVBAoMBk5WSURJQTB2MBAGByqGSM49AgEGBS' +
    'uBBAAiA2IABA5MFKM7+KViZljbQSlgfky/RRnEQScW9NDZF8SXgAW96r6u/Ve8ZggtcYpPi2BS4VFu6KfEIrhN6FcH' +
    'G7WP05W+oM+hxj7nyA1r1jkB2Ry70YfThX3Ba1zOryOP+MJ9vaNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf' +
    '8EBAMCAQYwHQYDVR0OBBYEFFeF/4PyY8xlfWi3Olv0jUrL+0lfMB8GA1UdIwQYMBaAFFeF/4PyY8xlfWi3Olv0jUrL' +
    '+0lfMAoGCCqGSM49BAMDA2kAMGYCMQCPeFM3TASsKQVaT+8S0sO9u97PVGCpE9d/I42IT7k3UUOLSR/qvJynVOD1vQ' +
    'KVXf0CMQC+EY55WYoDBvs2wPAH1Gw4LbcwUN8QCff8bFmV4ZxjCRr4WXTLFHBKjbfneGSBWwA=',
);

export const pinnedNvidiaRoots: readonly ChainRoot[] = [
  { kind: 'certificate', der: deviceIdentityCa },
];
