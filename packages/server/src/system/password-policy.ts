// A password policy: its text (HCL or JSON) to rules, and passwords by these rules. Passwords are bytes, never strings;
// whoever asks for one owns and wipes it.
import { randomInt } from 'node:crypto';
import { invalidRequest } from '../framework/errors.js';
import { parseHcl } from '../hcl/parse.js';
import {
  badValue,
  findAttribute,
  type HclBlock,
  readBlocks,
  readInteger,
  readString,
  refuseUnknownKeys,
} from '../hcl/read.js';
import { HclError, type HclItem } from '../hcl/tree.js';

export interface PasswordPolicy {
  /** Characters of a password. */
  readonly length: number;
  /** What a password is drawn from, each character once. */
  readonly alphabet: readonly string[];
  readonly rules: readonly CharsetRule[];
}

interface CharsetRule {
  readonly characters: ReadonlySet<string>;
  readonly min: number;
}

/** Vault's bounds. */
const LENGTH_MIN = 4;
const LENGTH_MAX = 100;
const RULES_MAX = 32;
const CHARSET_LENGTH_MAX = 4096;
export const PASSWORD_POLICY_BYTES_MAX = 64 * 1024;

/** Draws for one password. */
const TRIES_MAX = 1000;
/** A new policy has to give so many within TRIES_MAX: then one hardly ever fails later. */
const TRIAL_PASSWORDS = 10;

const TOP_KEYS: ReadonlySet<string> = new Set(['length', 'rule']);
const CHARSET_KEYS: ReadonlySet<string> = new Set(['charset', 'min-chars']);

/** @throws ApiError password-policy-invalid, naming line and column, or password-policy-too-strict */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  const policy = read(text);
  for (let made = 0, tries = TRIES_MAX; made < TRIAL_PASSWORDS; made += 1) {
    const drawn = draw(policy, tries);
    drawn.indexes.fill(0);
    tries -= drawn.tries;
    if (!drawn.isGood) {
      throw invalidRequest(
        'password policy is too strict: hardly a password meets it, want fewer or smaller min-chars',
        'password-policy-too-strict',
      );
    }
  }
  return policy;
}

/** Every password that meets the rules is as likely as every other. UTF-8; the caller wipes it. */
export function generatePassword(policy: PasswordPolicy): Buffer {
  const { indexes, isGood } = draw(policy, TRIES_MAX);
  if (!isGood) throw invalidRequest('password policy is too strict', 'password-policy-too-strict');
  const characters = [...indexes].map((index) => Buffer.from(policy.alphabet[index] ?? '', 'utf8'));
  indexes.fill(0);
  const password = Buffer.concat(characters);
  for (const character of characters) character.fill(0);
  return password;
}

/** Positions in the alphabet, drawn anew until all rules are met. */
function draw(
  { length, alphabet, rules }: PasswordPolicy,
  triesMax: number,
): { readonly indexes: Uint32Array; readonly tries: number; readonly isGood: boolean } {
  const indexes = new Uint32Array(length);
  for (let tries = 1; tries <= triesMax; tries += 1) {
    for (let at = 0; at < length; at += 1) indexes[at] = randomInt(alphabet.length);
    const isGood = rules.every(({ characters, min }) => {
      let found = 0;
      for (const index of indexes) if (characters.has(alphabet[index] ?? '')) found += 1;
      return found >= min;
    });
    if (isGood) return { indexes, tries, isGood };
  }
  return { indexes, tries: triesMax, isGood: false };
}

function read(text: string): PasswordPolicy {
  try {
    const items = parseHcl(text, {
      bytesMax: PASSWORD_POLICY_BYTES_MAX,
      depthMax: 8,
      nodesMax: 1000,
    });
    refuseUnknownKeys(items, TOP_KEYS);
    const length = readLength(findAttribute(items, 'length'));
    const rules = readBlocks(items, 'rule', 1).map(readRule);
    if (rules.length === 0 || rules.length > RULES_MAX) {
      throw invalidRequest(
        `password policy is not valid: want 1 to ${RULES_MAX} rules of type "charset"`,
        'password-policy-invalid',
      );
    }
    const alphabet = [...new Set(rules.flatMap(({ characters }) => [...characters]))];
    return { length, alphabet, rules };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    const text = `failed to parse password policy: ${error.message}`;
    throw invalidRequest(text, 'password-policy-invalid');
  }
}

function readLength(item: HclItem | null): number {
  if (item !== null) return readInteger(item, LENGTH_MIN, LENGTH_MAX);
  throw invalidRequest(
    `password policy is not valid: want length from ${LENGTH_MIN} to ${LENGTH_MAX}`,
    'password-policy-invalid',
  );
}

function readRule({ labels, items, at }: HclBlock): CharsetRule {
  if (labels[0] !== 'charset') {
    throw new HclError('hcl-bad-value', at, 'a rule of an unknown type: want rule "charset"');
  }
  refuseUnknownKeys(items, CHARSET_KEYS);
  const charset = findAttribute(items, 'charset');
  if (charset === null) throw new HclError('hcl-bad-value', at, 'a rule without charset');
  const text = readString(charset);
  const isPrintable = !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
  if (text === '' || text.length > CHARSET_LENGTH_MAX || !isPrintable) {
    throw badValue(charset, `want 1 to ${CHARSET_LENGTH_MAX} printable characters`);
  }
  const min = findAttribute(items, 'min-chars');
  return {
    characters: new Set(text),
    min: min === null ? 0 : readInteger(min, 0, LENGTH_MAX),
  };
}
