// The pinned certificates are of one key, so that the second trusts nobody whom the first does not.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { encodeHex } from '../encoding/hex.js';
import { parseCertificate } from '../pki/certificate.js';
import { verifyChain } from '../pki/chain.js';
import { nodeProvider } from '../provider-node.js';
import { pinnedIntelRoots } from './roots.js';

const roots = pinnedIntelRoots.map((root) => {
  assert.ok(root.kind === 'certificate');
  return parseCertificate(root.der);
});
const [first] = roots;
assert.ok(first);

it('are those whose digests are published', () => {
  assert.deepEqual(
    roots.map(({ raw }) => createHash('sha256').update(raw).digest('hex')),
    [
      '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
      'fc64f8076d79a4fee9d1d473d74c89eb8d8fd55c5abafeabeba7366d20429404',
    ],
  );
});

for (const root of roots) {
  it(`until ${root.notAfter.toISOString()}: the same name and key, signed by it`, async () => {
    assert.equal(root.subject.text, first.subject.text);
    assert.equal(encodeHex(root.publicKey.spki), encodeHex(first.publicKey.spki));
    const chain = { chain: [root], trustedRoots: pinnedIntelRoots, provider: nodeProvider };
    const revocation = { kind: 'not-checked' } as const;
    await verifyChain({ ...chain, revocation, now: root.notAfter });
    const late = new Date(root.notAfter.getTime() + 1000);
    await assert.rejects(verifyChain({ ...chain, revocation, now: late }), {
      code: 'certificate-expired',
    });
  });
}
