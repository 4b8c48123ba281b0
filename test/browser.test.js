// The whole verifier, bundled, in a browser: a static page verifies genuine evidence in headless Chromium and must come to
// what Node comes to, claim by claim.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as verifier from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { build } from 'esbuild-wasm';
import { verifyCase } from './browser/verify-page.js';
import { hasProgram, requires } from './harness/requirements.js';
import { bytesOf, skip, textOf } from './vectors/folder.js';

const entry = fileURLToPath(new URL('browser/verify-page.js', import.meta.url));
const pageSeconds = 60;

const needsBrowser = requires(hasProgram('chromium'), 'chromium: apt-get install chromium');
const needsVectors = skip ? { skip } : {};

const base64 = (path) => Buffer.from(bytesOf(path)).toString('base64');

function flipped(text, at) {
  const bytes = Buffer.from(text, 'base64');
  bytes[at] ^= 1;
  return bytes.toString('base64');
}

function readCases() {
  const tdx = {
    evidence: base64('tdx/phala-dcap-qvl/tdx-v4-production.quote'),
    endorsements: {
      kind: 'dcap',
      collateral: textOf('tdx/phala-dcap-qvl/tdx-v4-production.collateral.json'),
    },
    at: '2025-07-04T10:16:31Z',
  };
  const snp = {
    evidence: base64('snp/oak/snp-v5-genoa.report'),
    endorsements: {
      kind: 'snp',
      key: base64('snp/oak/snp-v5-genoa.vcek.der'),
      product: 'genoa',
      signer: 'vcek',
    },
    at: '2026-01-01T00:00:00Z',
  };
  const nitro = {
    evidence: base64('nitro/dstack/nitro-production-1.cose'),
    endorsements: { kind: 'none' },
    at: '2025-12-25T13:15:37.578Z',
  };
  return {
    'a TDX quote': tdx,
    'a SEV-SNP report': snp,
    'a Nitro document': nitro,
    'a TDX quote with a changed register': { ...tdx, evidence: flipped(tdx.evidence, 48 + 136) },
    'a SEV-SNP report with a changed measurement': {
      ...snp,
      evidence: flipped(snp.evidence, 0x90),
    },
    'a Nitro document with a changed signature': {
      ...nitro,
      evidence: flipped(nitro.evidence, Buffer.from(nitro.evidence, 'base64').length - 1),
    },
    'a TDX quote a month too late': { ...tdx, at: '2025-08-04T10:16:31Z' },
    'bytes that are no evidence': { ...tdx, evidence: 'AAAA' },
  };
}

async function bundle() {
  const { outputFiles, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    // No module of Node exists here: an import of one is an error.
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  assert.deepEqual(warnings, []);
  return outputFiles[0].text;
}

/** A static site with the page; `outcome` is what the page sends back. */
async function serve(script, cases) {
  const files = {
    '/': [
      'text/html',
      '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>',
    ],
    '/page.js': ['text/javascript', script],
    '/cases.json': ['application/json', JSON.stringify(cases)],
  };
  let deliver;
  const outcome = new Promise((resolve) => {
    deliver = resolve;
  });
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const chunks = await request.toArray();
      deliver(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
      return;
    }
    const [type, body] = files[request.url] ?? [];
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': type ?? 'text/plain',
      'content-security-policy': "default-src 'self'",
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  return { address: `http://127.0.0.1:${server.address().port}/`, outcome };
}

/** Resolves when the page has reported. @throws if the browser ends or nothing comes in time */
async function browse(address, outcome) {
  const profile = mkdtempSync(join(tmpdir(), 'vouchsafe-browser-'));
  const browser = spawn(
    'chromium',
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      ...[
        '--no-first-run',
        '--disable-background-networking',
        `--user-data-dir=${profile}`,
        address,
      ],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  let said = '';
  browser.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-2000);
  });
  const ended = new Promise((resolve) => browser.once('close', resolve));
  let timer;
  const late = new Promise((_, reject) => {
    const fail = (why) => reject(new Error(`${why}: ${said}`));
    timer = setTimeout(() => fail('the page said nothing'), pageSeconds * 1000);
    browser.once('error', () => fail('chromium did not start'));
    ended.then((code) => fail(`chromium ended with ${code}`));
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
    late.catch(() => {});
    // Its renderers too: they are one group.
    if (browser.pid !== undefined && browser.exitCode === null)
      process.kill(-browser.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

test('a page in Chromium verifies evidence as Node does', {
  ...needsBrowser,
  ...needsVectors,
}, async () => {
  const cases = readCases();
  const { address, outcome } = await serve(await bundle(), cases);
  const { outcomes, exports, error } = await browse(address, outcome);
  assert.equal(error, undefined);
  // All of the package is in the bundle, not only what the page calls.
  assert.equal(exports, Object.keys(verifier).length);
  const { 'a TDX quote': tdx, 'a SEV-SNP report': snp, 'a Nitro document': nitro } = outcomes;
  assert.equal(tdx.claims.tcbStatus, 'UpToDate');
  assert.equal(snp.claims.format, 'sev-snp');
  assert.equal(nitro.claims.format, 'aws-nitro');
  assert.deepEqual(
    Object.entries(outcomes).map(([name, { code }]) => [name, code]),
    [
      ['a TDX quote', undefined],
      ['a SEV-SNP report', undefined],
      ['a Nitro document', undefined],
      ['a TDX quote with a changed register', 'signature-invalid'],
      ['a SEV-SNP report with a changed measurement', 'signature-invalid'],
      ['a Nitro document with a changed signature', 'signature-invalid'],
      ['a TDX quote a month too late', 'crl-expired'],
      ['bytes that are no evidence', 'unsupported-format'],
    ],
  );
  for (const [name, given] of Object.entries(cases)) {
    const inNode = await verifyCase(given, nodeProvider);
    assert.deepEqual(outcomes[name], JSON.parse(JSON.stringify(inNode)), name);
  }
});
