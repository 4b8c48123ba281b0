// A document at hand without waiting: what it shows, and when.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ApiError } from '../framework/errors.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { LiveDocument } from './live-document.js';
import { refusalOf } from './testing/open-server.js';

const FORM = {
  decode: (stored: unknown): readonly string[] =>
    stored === null ? ['new'] : (stored as string[]),
  encode: (value: readonly string[]) => [...value],
};

let storage: MemoryStorage;
const open = (): LiveDocument<readonly string[]> => new LiveDocument(storage, 'doc', FORM);

beforeEach(() => {
  storage = new MemoryStorage();
});

describe('LiveDocument', () => {
  it('shows what an absent document means, also after it was read', async () => {
    const document = open();
    assert.deepEqual(document.current, ['new']);
    await document.refresh();
    assert.deepEqual(document.current, ['new']);
  });

  it('shows its own change at once, and that of another process after a refresh', async () => {
    const [mine, other] = [open(), open()];
    await mine.change((before) => [...before, 'a']);
    assert.deepEqual(mine.current, ['new', 'a']);
    assert.deepEqual(other.current, ['new']);
    await other.refresh();
    assert.deepEqual(other.current, ['new', 'a']);
  });

  it('stays the same object while nothing changed', async () => {
    const document = open();
    await document.change(() => ['a']);
    const before = document.current;
    await document.refresh();
    assert.equal(document.current, before);
    await document.change((same) => same);
    assert.equal(document.current, before);
  });

  it('loses no change to another that is made at the same time', async () => {
    const [mine, other] = [open(), open()];
    const add = (name: string) => (before: readonly string[]) => [...before, name];
    await Promise.all([mine.change(add('a')), other.change(add('b')), mine.change(add('c'))]);
    await mine.refresh();
    assert.deepEqual([...mine.current].sort(), ['a', 'b', 'c', 'new']);
  });

  it('falls back to the absent document when it is deleted', async () => {
    const document = open();
    await document.change(() => ['a']);
    await storage.commit([{ delete: 'doc' }], []);
    await document.refresh();
    assert.deepEqual(document.current, ['new']);
  });

  it('keeps what it has when an edit is refused or the stored bytes are damaged', async () => {
    const document = open();
    await document.change(() => ['a']);
    const refused = document.change(() => {
      throw new ApiError('invalid-request', 'no', { code: 'refused' });
    });
    assert.equal(await refusalOf(refused), 'refused');
    await storage.commit([{ put: 'doc', value: Buffer.from('{') }], []);
    assert.equal(await refusalOf(document.refresh()), 'document-damaged');
    assert.equal(await refusalOf(document.change(() => ['b'])), 'document-damaged');
    assert.deepEqual(document.current, ['a']);
    await storage.commit([{ put: 'doc', value: Buffer.from('["c"]') }], []);
    await document.refresh();
    assert.deepEqual(document.current, ['c']);
  });
});
