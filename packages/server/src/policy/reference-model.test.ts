// acl.check against a slow model written from the rules as they are worded, with nothing in common with the code.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Operation } from '../framework/backend.js';
import { compileAcl } from './acl.js';
import { parseAclPolicy } from './parse.js';

interface ModelRule {
  readonly path: string;
  readonly capabilities: readonly string[];
}

function isWild(path: string): boolean {
  return path.endsWith('*') || path.split('/').includes('+');
}

/** Tries every way to read the pattern, character by character. */
function modelMatches(pattern: string, path: string): boolean {
  if (pattern === '*') return true;
  if (pattern === '') return path === '';
  const [segment = '', ...rest] = pattern.split('/');
  const slash = path.indexOf('/');
  const first = slash < 0 ? path : path.slice(0, slash);
  if (rest.length === 0) {
    if (segment === '+') return slash < 0 && path !== '';
    return segment.endsWith('*') ? path.startsWith(segment.slice(0, -1)) : path === segment;
  }
  if (slash < 0 || (segment === '+' ? first === '' : first !== segment)) return false;
  return modelMatchesRest(rest.join('/'), path.slice(slash + 1));
}

function modelMatchesRest(pattern: string, path: string): boolean {
  return pattern === '' ? path === '' : modelMatches(pattern, path);
}

function wildcardAt(path: string): number {
  for (let i = 0; i < path.length; i += 1) {
    const aloneLeft = i === 0 || path[i - 1] === '/';
    const aloneRight = i === path.length - 1 || path[i + 1] === '/';
    if (path[i] === '+' && aloneLeft && aloneRight) return i;
    if (path[i] === '*' && i === path.length - 1) return i;
  }
  return Number.POSITIVE_INFINITY;
}

/** "P1 loses to P2 if, in order: …" */
function loses(p1: string, p2: string): boolean {
  if (wildcardAt(p1) !== wildcardAt(p2)) return wildcardAt(p1) < wildcardAt(p2);
  if (p1.endsWith('*') !== p2.endsWith('*')) return p1.endsWith('*');
  const plus = (path: string): number => path.split('/').filter((part) => part === '+').length;
  if (plus(p1) !== plus(p2)) return plus(p1) > plus(p2);
  if (p1.length !== p2.length) return p1.length < p2.length;
  return p1 < p2;
}

function merged(rules: readonly ModelRule[], path: string): readonly string[] {
  const all = rules.filter((rule) => rule.path === path).flatMap((rule) => rule.capabilities);
  return all.includes('deny') ? ['deny'] : all;
}

function bestWildcard(rules: readonly ModelRule[], path: string): string | null {
  let best: string | null = null;
  for (const rule of rules) {
    if (!isWild(rule.path) || !modelMatches(rule.path, path)) continue;
    if (best === null || loses(best, rule.path)) best = rule.path;
  }
  return best;
}

function modelAllows(rules: readonly ModelRule[], path: string, operation: Operation): boolean {
  const hasExact = (p: string): boolean => rules.some((rule) => rule.path === p && !isWild(p));
  const grants = (p: string): boolean => merged(rules, p).includes(operation);
  const denies = (p: string): boolean => merged(rules, p).includes('deny');
  const isFolder = path.endsWith('/');
  const lists = operation === 'list' || operation === 'scan';
  const bare = isFolder ? path.slice(0, -1) : path;
  if (isFolder && hasExact(bare) && denies(bare)) return false;
  if (hasExact(path)) return grants(path);
  if (isFolder && lists && hasExact(bare)) return grants(bare);
  const best = bestWildcard(rules, path);
  const bestBare = isFolder ? bestWildcard(rules, bare) : null;
  if (bestBare !== null && denies(bestBare) && (best === null || loses(best, bestBare))) {
    return false;
  }
  if (best !== null) return grants(best);
  return bestBare !== null && lists && grants(bestBare);
}

const segments = fc.constantFrom('a', 'b', 'ab', '+', 'a+', 'a*b');
const rulePaths = fc
  .tuple(
    fc.array(segments, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '/', '*', '/*', '/a*'),
  )
  .map(([parts, end]) => `${parts.join('/')}${end}`)
  .filter((path) => !path.includes('+*'));
const requestPaths = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'ab', 'abc', 'a+', 'a*b'), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('', '/'),
  )
  .map(([parts, end]) => `${parts.join('/')}${end}`);
const rules = fc.record({
  path: fc.oneof(rulePaths, fc.constant('*')),
  capabilities: fc.oneof(
    { weight: 4, arbitrary: fc.uniqueArray(fc.constantFrom('read', 'list', 'update', 'scan')) },
    { weight: 1, arbitrary: fc.constant(['deny']) },
    { weight: 1, arbitrary: fc.constant(['read', 'deny']) },
  ),
});
const policies = fc.array(fc.array(rules, { maxLength: 4 }), { minLength: 1, maxLength: 3 });

function policyText(policy: readonly ModelRule[]): string {
  return policy
    .map(
      ({ path, capabilities }) =>
        `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`,
    )
    .join('\n');
}

test('agrees with the reference model', () => {
  let allowed = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      policies,
      requestPaths,
      fc.constantFrom<Operation>('read', 'list', 'update', 'scan'),
      (set, path, operation) => {
        const acl = compileAcl(set.map((p, index) => parseAclPolicy(`p${index}`, policyText(p))));
        const decision = acl.check({
          path,
          operation,
          parameters: new Map(),
          wrapTtlSeconds: null,
          sudoRequired: false,
        });
        const want = modelAllows(set.flat(), path, operation);
        assert.equal(decision.allowed, want, `${operation} ${path}: ${decision.reason}`);
        assert.equal(decision.grantingPolicies.length > 0, want);
        assert.equal(acl.explain(path, operation).allowed, want);
        if (want) allowed += 1;
        else refused += 1;
      },
    ),
    { numRuns: 10_000 },
  );
  assert.ok(allowed > 500 && refused > 500, `${allowed} allowed, ${refused} refused`);
});

test('capabilities lists exactly the operations that a list-like check would allow', () => {
  fc.assert(
    fc.property(policies, requestPaths, (set, path) => {
      const acl = compileAcl(set.map((p, index) => parseAclPolicy(`p${index}`, policyText(p))));
      const names = acl.capabilities(path);
      assert.equal(names.includes('list'), modelAllows(set.flat(), path, 'list'));
      if (!path.endsWith('/')) {
        assert.equal(names.includes('read'), modelAllows(set.flat(), path, 'read'));
      }
    }),
    { numRuns: 2000 },
  );
});

test('anyAccessBelow is true wherever something below is granted', () => {
  fc.assert(
    fc.property(
      policies,
      requestPaths,
      fc.constantFrom('a/', 'ab/', 'a/b/'),
      (set, rest, prefix) => {
        const acl = compileAcl(set.map((p, index) => parseAclPolicy(`p${index}`, policyText(p))));
        const granted = [prefix, `${prefix}${rest}`].some((path) =>
          (['read', 'list'] as const).some((operation) => modelAllows(set.flat(), path, operation)),
        );
        if (granted) assert.ok(acl.anyAccessBelow(prefix));
      },
    ),
    { numRuns: 3000 },
  );
});
