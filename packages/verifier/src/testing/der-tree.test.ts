// DER as a tree that tests take apart and put together again, wrongly where they like. Holds no test of
// its own: the name keeps it out of the published package.

import { concatBytes } from '../encoding/bytes.js';
import { der } from './der-writer.js';

/** What is constructed, or an OCTET STRING that wraps DER (extension values), has nodes. */
export interface DerNode {
  tag: number;
  contents: Uint8Array | DerNode[];
}

const depthMax = 24;

function lengthAt(bytes: Uint8Array, at: number): { length: number; start: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { length: first, start: at + 1 };
  let length = 0;
  const start = at + 1 + (first & 0x7f);
  for (const byte of bytes.subarray(at + 1, start)) length = length * 256 + byte;
  return { length, start };
}

function readNodes(bytes: Uint8Array, depth: number): DerNode[] {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const { length, start } = lengthAt(bytes, at + 1);
    const contents = bytes.subarray(start, start + length);
    if (tag === 0 || contents.length !== length) throw new Error('not DER');
    const node: DerNode = { tag, contents };
    if (depth < depthMax && (tag & 0x20) !== 0) node.contents = readNodes(contents, depth + 1);
    if (depth < depthMax && tag === 0x04) node.contents = readWrapped(contents, depth + 1);
    nodes.push(node);
    at = start + length;
  }
  return nodes;
}

function readWrapped(contents: Uint8Array, depth: number): Uint8Array | DerNode[] {
  try {
    return contents.length < 2 ? contents : readNodes(contents, depth);
  } catch {
    return contents;
  }
}

/** One element. @throws Error if it is none */
export function readDerTree(bytes: Uint8Array): DerNode {
  const [node, ...rest] = readNodes(bytes, 0);
  if (node === undefined || rest.length > 0) throw new Error('not one DER element');
  return node;
}

export function writeDerTree({ tag, contents }: DerNode): Uint8Array {
  return der(tag, Array.isArray(contents) ? concatBytes(...contents.map(writeDerTree)) : contents);
}

export function childrenOf(node: DerNode | undefined): DerNode[] {
  if (node === undefined || !Array.isArray(node.contents)) throw new Error('no children');
  return node.contents;
}

/** The child at an index. @throws Error if there is none */
export function childOf(node: DerNode | undefined, index: number): DerNode {
  const child = childrenOf(node)[index];
  if (child === undefined) throw new Error(`no child ${index}`);
  return child;
}

/** Every list of siblings below a node, itself not included. */
export function siblingsBelow(node: DerNode): DerNode[][] {
  if (!Array.isArray(node.contents) || node.contents.length === 0) return [];
  return [node.contents, ...node.contents.flatMap(siblingsBelow)];
}
