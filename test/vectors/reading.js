// How the checks read pieces of evidence, and put a bad one in place of a good one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { parsePem } from '@vouchsafe/verifier';
import { judge } from './command.js';
import { bytesOf, jsonOf, open, put, textOf } from './folder.js';

export const pemsOf = (path) =>
  parsePem(bytesOf(path), { label: 'CERTIFICATE', blocksMax: 8, bytesMax: 32_768 });
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
export const hexOf = (path) => Buffer.from(bytesOf(path)).toString('hex');

export function includes(whole, part) {
  assert.ok(Buffer.from(whole).includes(Buffer.from(part)), 'not part of it');
}

export function isPinned(roots, der) {
  const same = (root) => root.kind === 'certificate' && Buffer.from(root.der).equals(der);
  assert.ok(roots.some(same), 'not a pinned root');
}

const dense = (text) => text.replace(/\s+/g, '');
/** Every text of a JSON value stands in the YAML file too, white space aside. */
export function sameTexts(yaml, value) {
  const whole = dense(textOf(yaml));
  const texts = [value].flatMap(function leaves(each) {
    if (typeof each === 'string') return [each];
    return typeof each === 'object' && each !== null ? Object.values(each).flatMap(leaves) : [];
  });
  assert.ok(texts.length > 0);
  for (const text of texts) {
    const spelled = [text, JSON.stringify(text).slice(1, -1)].map(dense);
    assert.ok(
      spelled.some((each) => whole.includes(each)),
      `${text.slice(0, 60)}: not there`,
    );
  }
}

const phala = 'tdx/phala-dcap-qvl/tdx-v4-production';
/** Genuine files, of which the replacements below change one piece. */
export const good = [`${phala}.collateral.json`, `${phala}.quote`];
const at = '-at=2025-07-04T10:16:31Z';

/** A genuine quote with one piece of its collateral replaced is not genuine, for this reason. */
export async function refusesCollateral(change, code) {
  const collateral = put(JSON.stringify({ ...jsonOf(good[0]), ...change }));
  const verdict = await judge(at, `-collateral=${collateral}`, open(good[1]));
  assert.deepEqual([verdict.exit, verdict.faults[0]?.code], [4, code]);
}

/** The command refuses the file itself. */
export async function refusesFile(path, ...codes) {
  const verdict = await judge(at, open(path));
  assert.equal(verdict.exit, 4);
  assert.ok(codes.includes(verdict.faults[0]?.code), verdict.faults[0]?.code);
}

function varint(bytes, at) {
  let value = 0;
  for (let shift = 0, index = at; ; shift += 7, index += 1) {
    const byte = bytes[index] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, index + 1];
  }
}

/** Fields of a protocol buffer: number, and value or bytes. */
export function fieldsOf(bytes) {
  const fields = [];
  for (let at = 0; at < bytes.length; ) {
    const [key, start] = varint(bytes, at);
    const [value, next] = varint(bytes, start);
    const end = (key & 7) === 2 ? next + value : next;
    fields.push({ id: key >> 3, value, bytes: bytes.subarray(next, end) });
    at = end;
  }
  return fields;
}
