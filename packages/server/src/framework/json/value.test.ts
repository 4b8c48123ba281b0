import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Identity } from './value.js';

/** As many as are remembered. */
const OWNERS = [{}, {}, {}, {}];

describe('an identity', () => {
  it('knows what each owner remembered', () => {
    const identity = new Identity();
    const made = OWNERS.map((owner, at) => {
      const bytes = Buffer.from([at]);
      identity.remember(owner, bytes);
      return bytes;
    });
    for (const [at, owner] of OWNERS.entries()) assert.equal(identity.find(owner), made[at]);
  });

  it('knows the newest of what an owner remembered', () => {
    const identity = new Identity();
    const [first = {}, second = {}] = OWNERS;
    const newest = Buffer.from('newest');
    identity.remember(first, Buffer.from('old'));
    identity.remember(second, Buffer.from('other'));
    identity.remember(first, newest);
    assert.equal(identity.find(first), newest);
  });

  it('knows nothing for others', () => {
    const identity = new Identity();
    assert.equal(identity.find({}), null);
    identity.remember({}, Buffer.from('a'));
    assert.equal(identity.find({}), null);
  });

  it('forgets when there are more than a few, and never the last', () => {
    const identity = new Identity();
    const many = Array.from({ length: 20 }, () => ({}));
    for (const owner of many) identity.remember(owner, Buffer.from('a'));
    assert.equal(many.filter((owner) => identity.find(owner) !== null).length, OWNERS.length);
    assert.notEqual(identity.find(many.at(-1) ?? {}), null);
  });
});
