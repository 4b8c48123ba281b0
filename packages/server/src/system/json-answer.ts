// Answers without the envelope, and secrets as JSON text: bytes from the first to the last, wiped with the request.
import type { Request, Response } from '../framework/backend.js';
import { encodeJson } from '../framework/json/encode.js';
import { type JsonValue, RawJson } from '../framework/json/value.js';

/** The request owns the body. */
export function rawAnswer(request: Request, value: JsonValue, code = 200): Response {
  const body = request.own(encodeJson(value));
  return { raw: { contentType: 'application/json', body, code } };
}

/** `text` is ASCII that JSON need not escape (hex, base64, a token). The request owns the copy in quotes. */
export function quoteSecret(request: Request, text: Uint8Array): RawJson {
  const quoted = request.own(Buffer.allocUnsafeSlow(text.length + 2));
  quoted[0] = 0x22;
  quoted.set(text, 1);
  quoted[text.length + 1] = 0x22;
  return new RawJson(quoted);
}
