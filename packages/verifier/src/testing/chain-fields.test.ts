// One field of a certificate or CRL changed, named as openssl's and our verdict on it are explained.
// Holds no test of its own: the name keeps it out of the published package.

import { type ChainScene, crlField, tbsField } from './chain-scenes.test.js';
import { childOf, childrenOf, type DerNode, readDerTree } from './der-tree.test.js';
import {
  der,
  derBitString,
  derBoolean,
  derEnumerated,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTime,
} from './der-writer.js';
import type { Below } from './seeded.test.js';
import { derName } from './x509.js';

export interface FieldInput {
  /** To be changed in place. */
  readonly tree: DerNode;
  readonly scene: ChainScene;
  readonly other: ChainScene;
  readonly below: Below;
}

export interface Field {
  readonly what: string;
  readonly change: (input: FieldInput) => void;
  /** The signature itself is changed: not to be signed anew. */
  readonly signature?: true;
}

const oids = {
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  issuingPoint: '2.5.29.28',
  authorityKey: '2.5.29.35',
} as const;

const tree = (bytes: Uint8Array): DerNode => readDerTree(bytes);
const tbsOf = (input: FieldInput): DerNode[] => childrenOf(childOf(input.tree, 0));

function extension(oid: string, value: Uint8Array, critical = false): DerNode {
  const flag = critical ? [derBoolean(true)] : [];
  return tree(derSequence(derOid(oid), ...flag, derOctetString(value)));
}

/** Extensions of a certificate or a CRL; a list of its own where there is none. */
function extensionsOf(input: FieldInput): DerNode[] {
  const last = tbsOf(input).at(-1);
  return last === undefined || last.tag < 0xa0 ? [] : childrenOf(childOf(last, 0));
}

function indexOf(extensions: readonly DerNode[], oid: string): number {
  const wanted = derOid(oid).subarray(2).join();
  return extensions.findIndex((each) => childOf(each, 0).contents.toString() === wanted);
}

/** Puts one in the place of the one with the same id, or at the end. */
function setExtension(input: FieldInput, oid: string, node: DerNode | null): void {
  const extensions = extensionsOf(input);
  const at = indexOf(extensions, oid);
  if (at >= 0) extensions.splice(at, 1, ...(node === null ? [] : [node]));
  else if (node !== null) extensions.push(node);
}

const adds = (what: string, oid: string, value: Uint8Array, critical = false): Field => ({
  what,
  change: (input) => setExtension(input, oid, extension(oid, value, critical)),
});
const removes = (what: string, oid: string): Field => ({
  what,
  change: (input) => setExtension(input, oid, null),
});
const sets = (what: string, field: number, value: (input: FieldInput) => DerNode): Field => ({
  what,
  change: (input) => {
    tbsOf(input)[field] = value(input);
  },
});

const moments = [-400 * 86_400, -1, 0, 1, 86_400, 4000 * 86_400].map((each) => each * 1000);
function timeNear({ scene, below }: FieldInput): DerNode {
  return tree(derTime(new Date(scene.now.getTime() + (moments[below(moments.length)] ?? 0))));
}
const setsTime = (what: string, index: 0 | 1): Field => ({
  what,
  change: (input) => {
    const validity = tbsOf(input)[tbsField.validity];
    childrenOf(validity)[index] = timeNear(input);
  },
});

const strange = derName({ CN: 'someone else' });
const generalName = (name: string) => der(0x82, new TextEncoder().encode(name));
const digest = (below: Below) => Uint8Array.from({ length: 20 }, () => below(256));

function changeText(node: DerNode, change: (text: Uint8Array) => Uint8Array): boolean {
  if (!Array.isArray(node.contents)) {
    if (node.tag !== 0x0c && node.tag !== 0x13) return false;
    node.contents = change(node.contents);
    return true;
  }
  return node.contents.some((child) => changeText(child, change));
}

const swapCase = (text: Uint8Array) => text.map((byte) => (byte > 0x40 ? byte ^ 0x20 : byte));
const withSpace = (text: Uint8Array) => Uint8Array.of(0x20, ...text);

const algorithms = [
  derSequence(derOid('1.2.840.10045.4.3.2')),
  derSequence(derOid('1.2.840.10045.4.3.3')),
  derSequence(derOid('1.2.840.10045.4.3.2'), derNull()),
  derSequence(derOid('1.2.840.10045.4.1')),
  derSequence(derOid('1.2.840.113549.1.1.5'), derNull()),
  derSequence(derOid('1.2.840.113549.1.1.11'), derNull()),
  derSequence(derOid('1.2.840.113549.1.1.11')),
  derSequence(derOid('1.2.840.113549.1.1.12'), derNull()),
];
const anyAlgorithm = ({ below }: FieldInput): DerNode =>
  tree(algorithms[below(algorithms.length)] ?? derNull());

/** Of certificates and CRLs alike. */
const bothFields: readonly Field[] = [
  {
    what: 'names another algorithm inside',
    change: (input) => {
      const field = input.tree.contents.length === 3 && tbsOf(input)[0]?.tag === 0xa0 ? 2 : 1;
      tbsOf(input)[field] = anyAlgorithm(input);
    },
  },
  {
    what: 'names another algorithm outside',
    change: (input) => {
      childrenOf(input.tree)[1] = anyAlgorithm(input);
    },
  },
  {
    what: 'has one bit of its signature flipped',
    signature: true,
    change: ({ tree: whole, below }) => {
      const bits = Uint8Array.from(childOf(whole, 2).contents as Uint8Array);
      const at = below(bits.length);
      bits[at] = (bits[at] ?? 0) ^ (1 << below(8));
      childOf(whole, 2).contents = bits;
    },
  },
  {
    what: 'has the signature of another',
    signature: true,
    change: ({ tree: whole, other, below }) => {
      const from = tree(other.chain[below(other.chain.length)] ?? derNull());
      childrenOf(whole)[2] = childOf(from, 2);
    },
  },
  {
    what: 'has one extension twice',
    change: (input) => {
      const extensions = extensionsOf(input);
      const one = extensions[input.below(Math.max(1, extensions.length))];
      if (one !== undefined) extensions.push(structuredClone(one));
    },
  },
  adds('has an unknown critical extension', '1.2.3.4', derNull(), true),
  adds('has an unknown extension', '1.2.3.4', derNull()),
  removes('has no authority key identifier', oids.authorityKey),
  {
    what: "has another's authority key identifier",
    change: (input) => {
      const value = derSequence(der(0x80, digest(input.below)));
      setExtension(input, oids.authorityKey, extension(oids.authorityKey, value));
    },
  },
  {
    what: 'has an authority key identifier with a name and serial of another',
    change: (input) => {
      const names = der(0xa1, der(0xa4, strange));
      const value = derSequence(names, der(0x82, Uint8Array.of(7)));
      setExtension(input, oids.authorityKey, extension(oids.authorityKey, value));
    },
  },
  adds('has an authority key identifier that is none', oids.authorityKey, derNull()),
];

export const certificateFields: readonly Field[] = [
  ...bothFields,
  sets('has another serial number', tbsField.serial, ({ below }) => tree(derInteger(below(9) + 1))),
  setsTime('begins at another time', 0),
  setsTime('ends at another time', 1),
  {
    what: 'ends before it begins',
    change: (input) => childrenOf(tbsOf(input)[tbsField.validity]).reverse(),
  },
  sets('has another issuer', tbsField.issuer, () => tree(strange)),
  sets('has another subject', tbsField.subject, () => tree(strange)),
  {
    what: 'has its issuer in other letters',
    change: (input) => {
      changeText(childOf(childOf(input.tree, 0), tbsField.issuer), swapCase);
    },
  },
  {
    what: 'has its issuer with a space before',
    change: (input) => {
      changeText(childOf(childOf(input.tree, 0), tbsField.issuer), withSpace);
    },
  },
  sets('has no subject', tbsField.subject, () => tree(derSequence())),
  sets('is of version 1', tbsField.version, () => tree(derExplicit(0, derInteger(0)))),
  sets('is of version 2', tbsField.version, () => tree(derExplicit(0, derInteger(1)))),
  {
    what: 'has the key of another',
    change: (input) => {
      const { chain } = input.other;
      const from = tree(chain[input.below(chain.length)] ?? derNull());
      tbsOf(input)[tbsField.key] = childOf(childOf(from, 0), tbsField.key);
    },
  },
  removes('has no basicConstraints', oids.basicConstraints),
  adds('is no CA', oids.basicConstraints, derSequence(), true),
  adds('is a CA', oids.basicConstraints, derSequence(derBoolean(true)), true),
  adds(
    'is a CA of path length 0',
    oids.basicConstraints,
    derSequence(derBoolean(true), derInteger(0)),
    true,
  ),
  adds(
    'is a CA of path length 1',
    oids.basicConstraints,
    derSequence(derBoolean(true), derInteger(1)),
    true,
  ),
  adds('is a CA, not critically', oids.basicConstraints, derSequence(derBoolean(true))),
  adds('has a path length and is no CA', oids.basicConstraints, derSequence(derInteger(0)), true),
  adds(
    'has a negative path length',
    oids.basicConstraints,
    derSequence(derBoolean(true), der(0x02, Uint8Array.of(0xff))),
    true,
  ),
  removes('has no keyUsage', oids.keyUsage),
  {
    what: 'has other bits of keyUsage',
    change: (input) => {
      const value = derBitString(Uint8Array.of(input.below(256)), 0);
      setExtension(input, oids.keyUsage, extension(oids.keyUsage, value, true));
    },
  },
  adds('may do nothing', oids.keyUsage, derBitString(new Uint8Array()), true),
  removes('has no subject key identifier', oids.subjectKey),
  {
    what: 'has another subject key identifier',
    change: (input) => {
      const value = derOctetString(digest(input.below));
      setExtension(input, oids.subjectKey, extension(oids.subjectKey, value));
    },
  },
  adds(
    'permits names below another',
    '2.5.29.30',
    derSequence(der(0xa0, derSequence(generalName('example.org')))),
  ),
  adds(
    'permits names below another, critically',
    '2.5.29.30',
    derSequence(der(0xa0, derSequence(der(0xa4, strange)))),
    true,
  ),
  adds(
    'permits no name but one, not critically',
    '2.5.29.30',
    derSequence(der(0xa0, derSequence(der(0xa4, strange)))),
  ),
  adds('is for one policy', '2.5.29.32', derSequence(derSequence(derOid('1.2.3')))),
  adds('requires a policy', '2.5.29.36', derSequence(der(0x80, Uint8Array.of(0))), true),
  adds(
    'is a proxy',
    '1.3.6.1.5.5.7.1.14',
    derSequence(derSequence(derOid('1.3.6.1.5.5.7.21.1'))),
    true,
  ),
  adds(
    'is a proxy, not critically',
    '1.3.6.1.5.5.7.1.14',
    derSequence(derSequence(derOid('1.3.6.1.5.5.7.21.1'))),
  ),
  adds('is for servers alone', '2.5.29.37', derSequence(derOid('1.3.6.1.5.5.7.3.1'))),
  adds('has other names that are none', '2.5.29.17', derNull()),
];

/** Entries of a list, made if there is none. */
function entriesOf(input: FieldInput): DerNode[] {
  const tbs = tbsOf(input);
  const at = crlField.nextUpdate + 1;
  if (tbs[at]?.tag !== 0x30) tbs.splice(at, 0, { tag: 0x30, contents: [] });
  return childrenOf(tbs[at]);
}

function revoke(input: FieldInput, index: number, ...extensions: DerNode[]): void {
  const from = input.scene.chain[index];
  if (from === undefined) return;
  const serial = childOf(childOf(tree(from), 0), tbsField.serial);
  const date = tree(derTime(new Date(input.scene.now.getTime() - 86_400_000)));
  const list = extensions.length === 0 ? [] : [{ tag: 0x30, contents: extensions }];
  entriesOf(input).push({ tag: 0x30, contents: [serial, date, ...list] });
}

const anyLink = ({ scene, below }: FieldInput): number => below(scene.chain.length);
const reason = (value: number, critical = false) =>
  extension('2.5.29.21', derEnumerated(value), critical);

export const crlFields: readonly Field[] = [
  ...bothFields,
  sets('is from another time', crlField.thisUpdate, timeNear),
  sets('is until another time', crlField.nextUpdate, timeNear),
  {
    what: 'has no end',
    change: (input) => tbsOf(input).splice(crlField.nextUpdate, 1),
  },
  sets('has another issuer', crlField.issuer, () => tree(strange)),
  {
    what: 'has its issuer in other letters',
    change: (input) => {
      changeText(childOf(childOf(input.tree, 0), crlField.issuer), swapCase);
    },
  },
  { what: 'revokes a link', change: (input) => revoke(input, anyLink(input)) },
  {
    what: 'revokes a link that was compromised',
    change: (input) => revoke(input, anyLink(input), reason(1)),
  },
  {
    what: 'revokes a link, with a critical reason',
    change: (input) => revoke(input, anyLink(input), reason(1, true)),
  },
  {
    what: 'takes a link off the list',
    change: (input) => revoke(input, anyLink(input), reason(8)),
  },
  {
    what: 'revokes a link of another issuer',
    change: (input) => {
      const issuer = derSequence(der(0xa4, strange));
      revoke(input, anyLink(input), extension('2.5.29.29', issuer, true));
    },
  },
  {
    what: 'revokes a link, with an unknown critical extension',
    change: (input) => revoke(input, anyLink(input), extension('1.2.3.4', derNull(), true)),
  },
  adds('is a difference to another', '2.5.29.27', derInteger(1), true),
  adds('is a difference to another, not critically', '2.5.29.27', derInteger(1)),
  adds(
    'is about users alone',
    oids.issuingPoint,
    derSequence(der(0x81, Uint8Array.of(0xff))),
    true,
  ),
  adds(
    'is about users alone, not critically',
    oids.issuingPoint,
    derSequence(der(0x81, Uint8Array.of(0xff))),
  ),
  adds(
    'is about attributes alone, not critically',
    oids.issuingPoint,
    derSequence(der(0x85, Uint8Array.of(0xff))),
  ),
  adds(
    'is about some reasons, not critically',
    oids.issuingPoint,
    derSequence(der(0x83, Uint8Array.of(5, 0x60))),
  ),
  adds('has an issuing point that is none', oids.issuingPoint, derNull()),
  removes('has no number', '2.5.29.20'),
];
