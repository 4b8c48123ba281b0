import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from './errors.js';
import { folderOf, LISTED_KEYS_MAX, type Listing, listKeys, scanKeys } from './listing.js';
import type { Storage } from './storage.js';
import { MemoryStorage } from './testing/memory-storage.js';

const segment = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'é', '~');
const keys = fc.uniqueArray(
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  { maxLength: 30 },
);

function sorted(names: readonly string[]): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function filled(names: readonly string[]): Promise<MemoryStorage> {
  const view = new MemoryStorage();
  for (const name of names) await view.commit([{ put: `f/${name}`, value: Buffer.of(1) }], []);
  return view;
}

async function inPages(
  names: typeof scanKeys,
  view: MemoryStorage,
  limit: number,
): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const page = await names(view, 'f/', { after: all.at(-1) ?? '', limit });
    assert.ok(page.length <= limit);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

test('a scan gives every key below the folder once, in order, in pages of any size', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 7 }), async (names, limit) => {
      const view = await filled(names);
      assert.deepEqual(await scanKeys(view, 'f/', { after: '', limit: 0 }), sorted(names));
      assert.deepEqual(await inPages(scanKeys, view, limit), sorted(names));
    }),
    { numRuns: 300 },
  );
});

test('a scan may begin after any name, whether or not there is such a key', async () => {
  const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(keys, name, async (names, after) => {
      const view = await filled(names);
      const wanted = sorted([...names, after]);
      const rest = wanted.slice(wanted.lastIndexOf(after) + 1);
      assert.deepEqual(await scanKeys(view, 'f/', { after, limit: 0 }), rest);
    }),
    { numRuns: 300 },
  );
});

test('a list gives children once, folders with a slash, in pages of any size', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 5 }), async (names, limit) => {
      const view = await filled(names);
      const children = new Set(names.map((name) => /^[^/]*\/?/.exec(name)?.[0] ?? ''));
      assert.deepEqual(await listKeys(view, 'f/', { after: '', limit: 0 }), sorted([...children]));
      assert.deepEqual(await inPages(listKeys, view, limit), sorted([...children]));
    }),
    { numRuns: 300 },
  );
});

/** A folder without end: names or, below `deep`, folders. */
function endless(kind: 'names' | 'deep'): Storage {
  const view = new MemoryStorage();
  view.list = async (_, { after, limit }) => {
    if (kind === 'deep') return after === '' ? ['x/'] : [];
    const from = after === '' ? 0 : Number(after) + 1;
    return Array.from({ length: limit }, (_, index) => String(from + index).padStart(9, '0'));
  };
  return view;
}

const refusals: readonly (readonly [string, typeof listKeys, 'names' | 'deep', Listing, string])[] =
  [
    ['a list without a limit', listKeys, 'names', { after: '', limit: 0 }, 'list-large'],
    ['a scan without a limit', scanKeys, 'names', { after: '', limit: 0 }, 'list-large'],
    ['a huge limit', listKeys, 'names', { after: '', limit: LISTED_KEYS_MAX + 1 }, 'list-large'],
    ['folders without end', scanKeys, 'deep', { after: '', limit: 5 }, 'list-deep'],
  ];
for (const [name, names, kind, listing, code] of refusals) {
  test(`more than an answer holds is refused: ${name}`, async () => {
    await assert.rejects(
      names(endless(kind), '', listing),
      (error) => error instanceof ApiError && error.code === code,
    );
  });
}

test('a limit is kept in a folder without end', async () => {
  const page = await listKeys(endless('names'), '', { after: '', limit: 12_345 });
  assert.equal(page.length, 12_345);
});

test('a folder ends in a slash, the whole view is the empty name', () => {
  assert.deepEqual(['', 'a', 'a/', 'a/b'].map(folderOf), ['', 'a/', 'a/', 'a/b/']);
});
