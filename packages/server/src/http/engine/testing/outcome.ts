// What the parser makes of some bytes, as text that tests can compare.
import assert from 'node:assert/strict';
import { HeaderTable } from '../header-table.js';
import { DEFAULT_LIMITS, type EngineLimits } from '../limits.js';
import { Refusal } from '../refusal.js';
import { type ParsedRequest, RequestParser } from '../request-parser.js';

export const TABLE = new HeaderTable([{ name: 'x-vault-token', repeatable: false }]);
export const TOKEN = TABLE.indexOf('x-vault-token');

export const SMALL: EngineLimits = {
  ...DEFAULT_LIMITS,
  requestLineBytesMax: 100,
  headBytesMax: 300,
  headersMax: 5,
  bodyBytesMax: 64,
  chunkExtensionBytesMax: 16,
  trailerBytesMax: 32,
};

export interface Outcome {
  readonly requests: readonly string[];
  readonly refusal: string | null;
}

function describeRequest(request: ParsedRequest): string {
  const { head, body } = request;
  const headers = JSON.stringify([...head.readAll([TOKEN])]);
  const token = head.findBytes(TOKEN)?.toString('latin1') ?? '-';
  const version = `1.${head.minorVersion}${head.keepAlive ? '' : ' close'}`;
  const text = `${head.method} ${head.target} ${version} ${headers} ${token} ${body.toString('latin1')}`;
  request.release();
  return text;
}

/** Feeds `pieces` and collects everything that comes out. */
function parsePieces(pieces: readonly Buffer[], limits: EngineLimits): Outcome {
  const outcome = parseWith(pieces, limits, (parser, piece) => parser.push(piece));
  const copied = parseWith(pieces, limits, (parser, piece) => parser.pushCopy(piece));
  assert.deepEqual(copied, outcome);
  return outcome;
}

function parseWith(
  pieces: readonly Buffer[],
  limits: EngineLimits,
  push: (parser: RequestParser, piece: Buffer) => void,
): Outcome {
  const parser = new RequestParser(limits, TABLE);
  const requests: string[] = [];
  try {
    for (const piece of pieces) {
      push(parser, Buffer.from(piece));
      for (let request = parser.next(); request !== null; request = parser.next()) {
        requests.push(describeRequest(request));
      }
    }
  } catch (error) {
    assert(error instanceof Refusal, String(error));
    parser.destroy();
    return { requests, refusal: `${error.status} ${error.code}` };
  }
  return { requests, refusal: null };
}

export function parse(text: string, limits: EngineLimits = SMALL): Outcome {
  return parsePieces([Buffer.from(text, 'latin1')], limits);
}

/** However the bytes are cut into pieces, the outcome is the same. */
export function checkEverySplit(name: string, input: string): void {
  const bytes = Buffer.from(input, 'latin1');
  const whole = parse(input);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.deepEqual(parsePieces(pieces, SMALL), whole, `${name}, cut at ${cut}`);
  }
  const single = [...bytes].map((byte) => Buffer.from([byte]));
  assert.deepEqual(parsePieces(single, SMALL), whole, `${name}, byte by byte`);
}

/** Cut at the given fractions of its length. */
export function parseInPieces(text: string, at: readonly number[]): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const cuts = at.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b);
  const ends = [...cuts, bytes.length];
  const pieces = ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
  return parsePieces(
    pieces.filter((piece) => piece.length > 0),
    SMALL,
  );
}
