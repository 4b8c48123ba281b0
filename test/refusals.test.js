// docs/verifiers/README.md says of each format how many refusals its own tests have by name. It may say less than there
// are, so that a new test is no reason to edit it; never more, and never less than we promise for the format.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { evidenceFormats } from '@vouchsafe/verifier';
import { root } from '../tools/setup.js';

const { registeredFormats } = await import(join(root, 'packages/verifier/dist/registry.js'));

/** Format or envelope to where its own tests lie, and which of them speak of it. */
const places = {
  'sgx-dcap': ['sgx/'],
  'tdx-dcap': ['tdx/'],
  'sev-snp': ['snp/'],
  'aws-nitro': ['nitro/'],
  'tpm2-quote': ['tpm/'],
  'azure-snp-vtpm': ['azure/', /SNP/],
  'azure-tdx-vtpm': ['azure/', /TDX/],
  'azure-maa': ['tokens/azure-maa/'],
  'intel-trust-authority': ['tokens/intel-trust-authority/'],
  'google-confidential-space': ['tokens/confidential-space/'],
  'nvidia-nras': ['tokens/nvidia-nras/'],
  ear: ['tokens/ear/'],
  'nvidia-gpu': ['nvidia-gpu/'],
  envelopes: ['envelopes/'],
  composite: ['composite/'],
  'event-logs': ['eventlog/'],
};
const promised = { 'sgx-dcap': 40, 'tdx-dcap': 40, 'sev-snp': 40 };
const promisedOfOthers = 20;

const page = readFileSync(join(root, 'docs/verifiers/README.md'), 'utf8');
/** Rows of the table: name, page, members of its policy, number of refusals. */
const row = /^\| \[`?([\w-]+)`?\]\(([\w-]+\.md)\) \|.*\| (.*) \| (\d+) \|$/gm;
const rows = [...page.matchAll(row)].map(([, name, file, members, count]) => ({
  name,
  file,
  members: [...members.matchAll(/`(\w+)`/g)].map((match) => match[1]),
  count: Number(count),
}));

/** Genuine evidence is left out, so that the numbers are the same everywhere. */
function recordedTests() {
  const folders = [...new Set(Object.values(places).map(([folder]) => folder))];
  const script = join(root, 'test/refusals/record.js');
  const env = { ...process.env, VOUCHSAFE_VECTORS: join(root, 'none') };
  const options = { env, maxBuffer: 16 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] };
  return JSON.parse(execFileSync(process.execPath, [script, ...folders], options).toString());
}

const refusals = recordedTests().filter(([, name]) => /\brefus(e|es|ed|al)\b/.test(name));
function refusalsOf(name) {
  const [folder, about = /^/] = places[name];
  return refusals.filter(([file, test]) => file.startsWith(folder) && about.test(test)).length;
}

test('every format has a row in the index of formats, and a page', () => {
  const names = rows.map(({ name }) => name);
  assert.deepEqual([...names].sort(), Object.keys(places).sort());
  assert.deepEqual(
    evidenceFormats.filter((format) => !names.includes(format)),
    [],
  );
  for (const { file } of rows) assert.ok(existsSync(join(root, 'docs/verifiers', file)), file);
});

test('every member that a policy can have is in its row, and no other', () => {
  assert.ok(registeredFormats.length > 0);
  for (const { format, policy } of registeredFormats) {
    const { members } = rows.find(({ name }) => name === format);
    assert.deepEqual([...members].sort(), [...policy.members].sort(), format);
  }
});

for (const { name, count } of rows) {
  test(`${name}: at least ${count} refusals by name`, () => {
    assert.ok(count >= (promised[name] ?? promisedOfOthers), `${count} is less than promised`);
    assert.ok(refusalsOf(name) >= count, `${refusalsOf(name)} found`);
  });
}
