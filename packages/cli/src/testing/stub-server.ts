// A server on a real socket that answers from a table and remembers what it was asked, and the real command as a child
// process. node:http cannot receive LIST, which the command does not send.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../bin/vouchsafe.js', import.meta.url));

/** 'GET sys/mounts' → status and body; the last of several answers repeats. */
export type Answer = readonly [number, unknown];
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

export interface Call {
  /** 'PUT secret/x {"a":"b"}' */
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Stub {
  readonly address: string;
  readonly calls: Call[];
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const open: Server[] = [];
const home = mkdtempSync(join(tmpdir(), 'vouchsafe-cli-'));
after(() => {
  for (const server of open) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(home, { recursive: true, force: true });
});

/** A folder of its own for each test, gone afterwards. */
export function newFolder(): string {
  return mkdtempSync(join(home, 'test-'));
}

function isMany(answer: Answer | readonly Answer[]): answer is readonly Answer[] {
  return Array.isArray(answer[0]);
}

/** Listens on a free port until the tests of the file are over. Anything not in the table is 404. */
export async function startStub(answers: Answers): Promise<Stub> {
  const calls: Call[] = [];
  const seen = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const key = `${request.method} ${(request.url ?? '').replace(/^\/v1\//, '')}`;
      const body = Buffer.concat(chunks).toString();
      calls.push({ text: body === '' ? key : `${key} ${body}`, headers: request.headers });
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      const found = answers[key] ?? ([404, { errors: [] }] as const);
      const [status, value] = isMany(found)
        ? (found[Math.min(count, found.length - 1)] ?? [404, null])
        : found;
      const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(text);
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

/** Runs the real command. Its environment holds nothing but what is given, PATH and an empty HOME. */
export function runVouchsafe(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly program?: string;
  } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.program ?? bin, ...args], {
      env: { PATH: process.env.PATH ?? '', HOME: newFolder(), ...options.env },
      stdio: 'pipe',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.stdin.on('error', () => {
      // The command ended without reading its input.
    });
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** One run of the command against one stub. */
export interface Row {
  readonly args: readonly string[];
  readonly answers?: Answers;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly code?: number;
  readonly out?: string | RegExp;
  readonly err?: string | RegExp;
  /** Every call, in order. */
  readonly calls?: readonly string[];
}

function check(actual: string, want: string | RegExp | undefined, what: string): void {
  if (want === undefined) return;
  if (typeof want === 'string') assert.equal(actual, want, what);
  else assert.match(actual, want, what);
}

/** A token that must never show up where it was not asked for. */
export const secretToken = 'hvs.MUST-NOT-BE-SHOWN';

/** One test for each row, with `secretToken` as the token in use. */
export function testRows(rows: Readonly<Record<string, Row>>): void {
  for (const [name, row] of Object.entries(rows)) {
    test(name, async () => {
      const stub = await startStub(row.answers ?? {});
      const env = { VOUCHSAFE_ADDR: stub.address, VOUCHSAFE_TOKEN: secretToken, ...row.env };
      const input = row.input === undefined ? {} : { input: row.input };
      const { code, out, err } = await runVouchsafe(row.args, { env, ...input });
      check(out, row.out, `standard output\n${err}`);
      check(err, row.err, 'standard error');
      assert.equal(code, row.code ?? 0, err);
      if (row.calls) {
        assert.deepEqual(
          stub.calls.map((call) => call.text),
          row.calls,
        );
      }
      assert.ok(!err.includes(secretToken), 'the token is not in standard error');
    });
  }
}
