// Chains with one thing wrong, or one thing merely different: in bytes, in the tree of DER, in a field, in
// the set. Holds no test of its own: the name keeps it out of the published package.

import { parseCertificate } from '../pki/certificate.js';
import { parseCrl } from '../pki/crl.js';
import { certificateFields, crlFields, type Field } from './chain-fields.test.js';
import { type ChainInput, type ChainScene, signTree } from './chain-scenes.test.js';
import { type DerNode, readDerTree, siblingsBelow, writeDerTree } from './der-tree.test.js';
import { type Below, spoilBytes } from './seeded.test.js';

/** A spoiled input and what was done to it. */
export interface SpoiledChain extends ChainInput {
  readonly scene: string;
  readonly kind: 'bytes' | 'tree' | 'field' | 'set' | 'time';
  readonly what: string;
}

type Spoiled = Partial<ChainInput> & { readonly what: string };

function pick<T>(all: readonly T[], below: Below): T {
  const one = all[below(all.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}

/** One certificate or CRL by its place: those of the chain first, then the CRLs. */
function replaced(scene: ChainScene, place: number, by: Uint8Array, below: Below) {
  const { length } = scene.chain;
  const chain = scene.chain.map((each, index) => (index === place ? by : each));
  const crls = scene.crls.map((each, index) => (length + index === place ? by : each));
  // A root that was changed: sometimes it is the changed one that is trusted.
  const root = place === length - 1 && below(3) > 0 ? by : scene.root;
  return { chain, crls, root };
}

const placesOf = ({ chain, crls }: ChainScene) => [...chain, ...crls];
const nameOf = ({ chain }: ChainScene, place: number) =>
  place < chain.length ? `certificate ${place}` : `CRL ${place - chain.length}`;

/** Signs as the thing at this place is signed. */
function signAt({ chain, signers }: ChainScene, place: number, tree: DerNode): boolean {
  const signer = signers?.[place % chain.length];
  if (signer === undefined) return false;
  signTree(tree, signer);
  return true;
}

function spoilSomeBytes(scene: ChainScene, below: Below): Spoiled {
  const places = placesOf(scene);
  const place = below(places.length);
  const by = spoilBytes(pick(places.slice(place, place + 1), below), below);
  return { what: `bytes of ${nameOf(scene, place)}`, ...replaced(scene, place, by, below) };
}

const otherTags = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31];

function spoilList(list: DerNode[], below: Below): string {
  const at = below(list.length);
  const node = pick(list.slice(at, at + 1), below);
  switch (below(6)) {
    case 0:
      list.splice(at, 1);
      return 'deleted';
    case 1:
      list.splice(at, 0, structuredClone(node));
      return 'doubled';
    case 2:
      list.push(...list.splice(at, 1));
      return 'moved to the end';
    case 3:
      node.tag = pick(otherTags, below);
      return 'retagged';
    case 4:
      if (Array.isArray(node.contents)) node.contents = [];
      else node.contents = new Uint8Array();
      return 'emptied';
    default:
      if (Array.isArray(node.contents)) node.contents.reverse();
      else node.contents = spoilBytes(Uint8Array.of(...node.contents, 0), below);
      return 'contents changed';
  }
}

function spoilTree(scene: ChainScene, below: Below): Spoiled {
  const places = placesOf(scene);
  const place = below(places.length);
  const tree = readDerTree(pick(places.slice(place, place + 1), below));
  const how = spoilList(pick(siblingsBelow(tree), below), below);
  const anew = below(5) > 0 && tree.contents.length === 3 && signAt(scene, place, tree);
  const what = `tree of ${nameOf(scene, place)} ${how}${anew ? ', signed anew' : ''}`;
  return { what, ...replaced(scene, place, writeDerTree(tree), below) };
}

function spoilField(scene: ChainScene, others: readonly ChainScene[], below: Below): Spoiled {
  const { chain, crls } = scene;
  const ofCrl = crls.length > 0 && below(3) === 0;
  const place = ofCrl ? chain.length + below(crls.length) : below(chain.length);
  const field: Field = pick(ofCrl ? crlFields : certificateFields, below);
  const tree = readDerTree(pick(placesOf(scene).slice(place, place + 1), below));
  field.change({ tree, scene, below, other: pick(others, below) });
  const anew = field.signature !== true && signAt(scene, place, tree);
  const what = `${nameOf(scene, place)}: ${field.what}${anew ? ', signed anew' : ''}`;
  return { what, ...replaced(scene, place, writeDerTree(tree), below) };
}

type SetChange = readonly [
  what: string,
  change: (scene: ChainScene, other: ChainScene, below: Below) => Partial<ChainInput>,
];

const setChanges: readonly SetChange[] = [
  ['chain in the wrong order', ({ chain }) => ({ chain: [...chain].reverse() })],
  [
    'one certificate left out',
    ({ chain }, _, below) => ({ chain: chain.toSpliced(below(chain.length), 1) }),
  ],
  [
    'one certificate twice',
    ({ chain }, _, below) => {
      const at = below(chain.length);
      return { chain: chain.toSpliced(at, 0, ...chain.slice(at, at + 1)) };
    },
  ],
  [
    'two certificates the other way round',
    ({ chain: [leaf, ...rest] }) => {
      const [first, ...others] = rest;
      return { chain: [first, leaf, ...others].flatMap((each) => (each ? [each] : [])) };
    },
  ],
  ['the root of another', (_, { root }) => ({ root })],
  ['the chain of another', (_, { chain }) => ({ chain })],
  [
    'the leaf of another',
    ({ chain }, other) => ({ chain: [...other.chain.slice(0, 1), ...chain.slice(1)] }),
  ],
  ['an issuer as leaf', ({ chain }) => ({ chain: chain.slice(1) })],
  ['only the root', ({ chain }) => ({ chain: chain.slice(-1) })],
  [
    'an intermediate is the root',
    ({ chain, root }) => ({ chain: chain.slice(0, 2), root: chain[1] ?? root }),
  ],
  ['the CRLs of another', (_, { crls }) => (crls.length === 0 ? {} : { crls })],
  [
    'one CRL left out',
    ({ crls }, _, below) =>
      crls.length < 2 ? {} : { crls: crls.toSpliced(below(crls.length), 1) },
  ],
  ['the CRLs the other way round', ({ crls }) => ({ crls: [...crls].reverse() })],
  ['one CRL twice', ({ crls }) => ({ crls: [...crls, ...crls.slice(0, 1)] })],
  [
    'the CRLs of another beside its own',
    ({ crls }, other) => ({ crls: crls.length === 0 ? [] : [...crls, ...other.crls] }),
  ],
];

function spoilSet(scene: ChainScene, others: readonly ChainScene[], below: Below): Spoiled {
  const [what, change] = pick(setChanges, below);
  return { what, ...change(scene, pick(others, below), below) };
}

const second = 1000;
const offsets = [-second, 0, second];

/** The first and the last moment of one certificate or CRL. */
function edgesOf(scene: ChainScene, below: Below): readonly Date[] {
  const { chain, crls } = scene;
  const place = below(chain.length + crls.length);
  const [crl] = crls.slice(place - chain.length);
  if (place >= chain.length && crl !== undefined) {
    const { thisUpdate, nextUpdate } = parseCrl(crl);
    return [thisUpdate, nextUpdate];
  }
  const { notBefore, notAfter } = parseCertificate(chain[place] ?? scene.root);
  return [notBefore, notAfter];
}

function spoilTime(scene: ChainScene, below: Below): Spoiled {
  if (below(4) === 0) {
    const days = below(20_000) - 10_000;
    return { what: 'another day', now: new Date(scene.now.getTime() + days * 86_400 * second) };
  }
  const edge = pick(edgesOf(scene, below), below);
  const offset = pick(offsets, below);
  const what = offset === 0 ? 'at an edge' : 'a second from an edge';
  return { what, now: new Date(edge.getTime() + offset) };
}

/** One in twenty has its bytes spoiled, three its set, two its time; the rest tree and fields. */
function spoil(scene: ChainScene, others: readonly ChainScene[], below: Below): SpoiledChain {
  const { name, chain, root, crls, now } = scene;
  const turn = below(20);
  const whole = { chain, root, crls, now, scene: name };
  if (turn < 1) return { ...whole, kind: 'bytes', ...spoilSomeBytes(scene, below) };
  if (turn < 4) return { ...whole, kind: 'set', ...spoilSet(scene, others, below) };
  if (turn < 6) return { ...whole, kind: 'time', ...spoilTime(scene, below) };
  if (turn < 10) return { ...whole, kind: 'tree', ...spoilTree(scene, below) };
  return { ...whole, kind: 'field', ...spoilField(scene, others, below) };
}

/** `count` spoiled inputs, the scenes in turn, those that can be signed anew three times as often. */
export function* spoiledChains(
  scenes: readonly ChainScene[],
  count: number,
  below: Below,
): Generator<SpoiledChain> {
  const anew = scenes.filter(({ signers }) => signers !== null);
  const turns = [...scenes, ...anew, ...anew];
  for (let index = 0; index < count; index += 1) {
    yield spoil(
      pick(turns.slice(index % turns.length), () => 0),
      scenes,
      below,
    );
  }
}
