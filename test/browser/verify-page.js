// What the page of test/browser.test.js does: verifies each case with the browser's own WebCrypto, and sends what came out
// to the server that the page is from. Also run in Node, for the same outcomes by node:crypto.
import * as verifier from '@vouchsafe/verifier';

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

function endorsementsOf(given) {
  switch (given.kind) {
    case 'dcap':
      return verifier.parseDcapEndorsements(given.collateral);
    case 'snp':
      return verifier.snpEndorsementsFromKey(
        bytesOf(given.key),
        { product: given.product, signer: given.signer },
        { kind: 'not-checked' },
      );
    default:
      return { format: 'aws-nitro' };
  }
}

/** A case's claims and verdict, or the code with which it was refused. */
export async function verifyCase(given, provider) {
  try {
    const evidence = verifier.parseEvidence(bytesOf(given.evidence), 'detect');
    const claims = await verifier.verifyEvidence({
      evidence,
      endorsements: endorsementsOf(given.endorsements),
      roots: verifier.pinnedRootsOf(evidence.format),
      expectedBinding: { binding: 'not-checked' },
      now: new Date(given.at),
      provider,
    });
    const { status } = verifier.appraise(claims, verifier.defaultAppraisalPolicy, []);
    return { status, claims };
  } catch (error) {
    if (!(error instanceof verifier.EvidenceError)) throw error;
    return { code: error.code };
  }
}

async function run() {
  const cases = await (await fetch('/cases.json')).json();
  const outcomes = {};
  for (const [name, given] of Object.entries(cases)) {
    outcomes[name] = await verifyCase(given, verifier.webProvider);
  }
  return { outcomes, exports: Object.keys(verifier).length };
}

if (typeof document !== 'undefined') {
  const body = await run().catch((error) => ({ error: String(error) }));
  document.body.textContent = JSON.stringify(body);
  await fetch('/outcome', { method: 'POST', body: JSON.stringify(body) });
}
