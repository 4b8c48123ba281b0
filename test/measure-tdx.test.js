// MRTD next to a value that others published: virtee/tdx-measure states, in tests/fixtures/*/expected.json, what Ubuntu's
// firmware of ovmf 2025.02-3ubuntu2 gives. The firmware is Ubuntu's and is not kept here: VOUCHSAFE_TDVF names a copy of
// usr/share/ovmf/OVMF.fd out of that package. As with the evidence of others, the test skips by name without it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './harness/server-process.js';

const SHA256 = '9e807cb2cd4313406a3aa4becc0836671a5c64ca7bdc08a45e15260184b446bf';
const MRTD =
  '7357a10d2e2724dffe68813e3cc4cfcde6814d749f2fb62e3953e54f6e0b50a219786afe2cd478f684b52c61837e1114';
const firmware = process.env.VOUCHSAFE_TDVF ?? '';
const options = existsSync(firmware)
  ? {}
  : { skip: 'needs VOUCHSAFE_TDVF: OVMF.fd of ovmf_2025.02-3ubuntu2_all.deb' };

function measure(...flags) {
  const command = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
  const line = [command, 'measure', 'tdx', `-tdvf=${firmware}`, '-format=json', ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).any_of[0].mrtd;
}

test('MRTD of a published firmware is the value that was published', options, () => {
  const digest = createHash('sha256').update(readFileSync(firmware)).digest('hex');
  assert.equal(digest, SHA256, 'VOUCHSAFE_TDVF is another firmware');
  assert.deepEqual(measure(), [MRTD]);
});

test('a VMM that measures in two passes gives another MRTD', options, () => {
  assert.notDeepEqual(measure('-page-order=two-pass'), [MRTD]);
});
