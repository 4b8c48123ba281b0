// Passwords by a policy: what they are made of, and which policies are none.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../framework/errors.js';
import { generatePassword, parsePasswordPolicy } from './password-policy.js';

const rule = (charset: string, min: number): string =>
  `rule "charset" { charset = ${JSON.stringify(charset)} min-chars = ${min} }`;

function make(text: string): string {
  return generatePassword(parsePasswordPolicy(text)).toString('utf8');
}

describe('password policies', () => {
  it('give passwords of the length asked for, with as many of each kind', () => {
    const text = `length = 20 ${rule('abcdef', 1)} ${rule('0123', 2)} ${rule('"\\', 1)}`;
    const policy = parsePasswordPolicy(text);
    const seen = new Set<string>();
    for (let count = 0; count < 100; count += 1) {
      const password = generatePassword(policy).toString('utf8');
      assert.match(password, /^[a-f0-3"\\]{20}$/);
      assert.match(password, /[a-f]/);
      assert.match(password, /[0-3].*[0-3]/);
      assert.match(password, /["\\]/);
      seen.add(password);
    }
    assert.equal(seen.size, 100);
  });

  it('draw each character as often as any other, however often it is written', () => {
    const policy = parsePasswordPolicy(`length = 100 ${rule('aaaab', 0)} ${rule('a', 0)}`);
    let found = 0;
    for (let count = 0; count < 100; count += 1) {
      found += generatePassword(policy).toString().replaceAll('b', '').length;
    }
    assert(found > 4_500 && found < 5_500, `${found} of 10,000`);
  });

  it('count characters, not bytes', () => {
    assert.equal([...make(`length = 8 ${rule('äöü€😀', 3)}`)].length, 8);
  });

  it('may be JSON', () => {
    const charset = { charset: 'abc', 'min-chars': 1 };
    assert.match(make(JSON.stringify({ length: 5, rule: [{ charset }] })), /^[abc]{5}$/);
  });

  for (const [what, text, code] of [
    ['nothing', '', 'password-policy-invalid'],
    ['no length', rule('abc', 1), 'password-policy-invalid'],
    ['too short a length', `length = 3 ${rule('abc', 1)}`, 'password-policy-invalid'],
    ['too long a length', `length = 101 ${rule('abc', 1)}`, 'password-policy-invalid'],
    ['no rule', 'length = 20', 'password-policy-invalid'],
    ['an unknown rule', 'length = 20 rule "words" { count = 4 }', 'password-policy-invalid'],
    ['a rule without characters', 'length = 20 rule "charset" { }', 'password-policy-invalid'],
    ['an empty charset', `length = 20 ${rule('', 0)}`, 'password-policy-invalid'],
    ['what can not be printed', `length = 20 ${rule('a\u0007', 0)}`, 'password-policy-invalid'],
    [
      'half a character',
      String.raw`{"length": 9, "rule": {"charset": {"charset": "\ud800"}}}`,
      'password-policy-invalid',
    ],
    ['a negative minimum', `length = 20 ${rule('abc', -1)}`, 'password-policy-invalid'],
    ['an unknown key', `length = 20 words = 3 ${rule('abc', 1)}`, 'password-policy-invalid'],
    ['no HCL', 'length = ', 'password-policy-invalid'],
    ['more than fits', `length = 5 ${rule('a', 3)} ${rule('b', 3)}`, 'password-policy-too-strict'],
    [
      'what hardly ever happens',
      `length = 40 ${rule('a', 30)} ${rule('bcdefghij', 0)}`,
      'password-policy-too-strict',
    ],
  ] as const) {
    it(`are not: ${what}`, () => {
      assert.throws(() => parsePasswordPolicy(text), { code });
    });
  }

  it('are parsed or refused, whatever the text is', () => {
    const pieces = fc.constantFrom(
      'length = 9 ',
      'rule "charset" { ',
      'charset = "ab" ',
      'min-chars = 2 ',
      '} ',
      '{',
      '"',
      '= ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          const policy = parsePasswordPolicy(parts.join(''));
          assert.equal([...generatePassword(policy).toString()].length, policy.length);
        } catch (error) {
          assert(error instanceof ApiError);
        }
      }),
    );
  });
});
