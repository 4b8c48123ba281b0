// From what core gives to what is sent: status, headers, body. Errors that nobody meant to show
// stay inside.
import { encodeEnvelope } from '../core/envelope.js';
import type { ApiResult } from '../core/request.js';
import type { Response } from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import { encodeJson } from '../framework/json/encode.js';
import type { JsonValue } from '../framework/json/value.js';
import { type Answer, fieldLine } from './engine/answer.js';
import type { Refusal } from './engine/refusal.js';
import {
  ACCEPTED,
  INTERNAL,
  METHOD_NOT_ALLOWED,
  NO_CONTENT,
  NOT_FOUND,
  NOT_MODIFIED,
  OK,
  STATUS_OF_KIND,
} from './status.js';

const ALWAYS =
  'Cache-Control: no-store\r\n' +
  'Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n';
const JSON_FIELDS = `${ALWAYS}Content-Type: application/json\r\n`;
const NO_ERRORS = Buffer.from('{"errors":[]}');

/** `body` is handed over and wiped once sent. */
export function jsonAnswer(status: number, body: Buffer): Answer {
  return { status, fields: JSON_FIELDS, body, ownsBody: true };
}

/** As Vault says "nothing here" and "not this verb". */
export function emptyErrorAnswer(status: number): Answer {
  return { status, fields: JSON_FIELDS, body: NO_ERRORS, ownsBody: false };
}

/** The same answer with more header lines. */
export function withFields(answer: Answer, fields: string): Answer {
  return fields === '' ? answer : { ...answer, fields: answer.fields + fields };
}

function isListOf(result: ApiResult): boolean {
  return result.operation === 'list' || result.operation === 'scan';
}

/** A list that found nothing: no data, or no keys and nothing else that says something. */
function isEmptyList(response: Response): boolean {
  const entries = Object.entries(response.data ?? {});
  return entries.every(
    ([, value]) =>
      value === null ||
      (Array.isArray(value) && value.length === 0) ||
      (typeof value === 'object' &&
        Object.getPrototypeOf(value) === Object.prototype &&
        Object.keys(value).length === 0),
  );
}

/** The bytes may be wiped with the request, before the answer's turn comes: so they are copied. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function answerNothing(result: ApiResult): Answer {
  const isRead = isListOf(result) || result.operation === 'read' || result.operation === 'help';
  if (result.warnings.length > 0) {
    return jsonAnswer(isRead ? NOT_FOUND : OK, encodeEnvelope(result));
  }
  if (isRead) return emptyErrorAnswer(NOT_FOUND);
  return { status: NO_CONTENT, fields: ALWAYS, body: null, ownsBody: false };
}

export function answerResult(result: ApiResult): Answer {
  const { response } = result;
  if (result.verbatim !== null) return jsonAnswer(OK, copyOf(result.verbatim));
  if (result.wrapped !== null || result.auth !== null) {
    return jsonAnswer(OK, encodeEnvelope(result));
  }
  if (response === null) {
    return result.lease === null ? answerNothing(result) : jsonAnswer(OK, encodeEnvelope(result));
  }
  if (response.raw !== undefined) {
    const { code, contentType, body } = response.raw;
    if (code === NO_CONTENT || code === NOT_MODIFIED) {
      return { status: code, fields: ALWAYS, body: null, ownsBody: false };
    }
    const fields = ALWAYS + fieldLine('Content-Type', contentType);
    return { status: code, fields, body: copyOf(body), ownsBody: true };
  }
  if (response.outcome === 'missing') return jsonAnswer(NOT_FOUND, encodeEnvelope(result));
  if (response.outcome === 'accepted') return jsonAnswer(ACCEPTED, encodeEnvelope(result));
  if (isListOf(result) && isEmptyList(response)) {
    return answerNothing({ ...result, response: null });
  }
  return jsonAnswer(OK, encodeEnvelope(result));
}

/** Null when `error` is not meant for the client. */
export function findErrorAnswer(error: unknown): Answer | null {
  if (!(error instanceof ApiError)) return null;
  const status = STATUS_OF_KIND[error.kind];
  if (error.message === '' && error.data === null) return emptyErrorAnswer(status);
  const errors = error.message === '' ? [] : [error.message];
  const body = error.data === null ? { errors } : { errors, data: error.data as JsonValue };
  return jsonAnswer(status, encodeJson(body));
}

/** 500, with nothing of the cause. */
export function internalErrorAnswer(): Answer {
  return jsonAnswer(INTERNAL, encodeJson({ errors: ['internal error'] }));
}

export function refusalAnswer(refusal: Refusal): Answer {
  return jsonAnswer(refusal.status, encodeJson({ errors: [refusal.message] }));
}

export function methodNotAllowedAnswer(): Answer {
  return emptyErrorAnswer(METHOD_NOT_ALLOWED);
}

export function noContentAnswer(): Answer {
  return { status: NO_CONTENT, fields: ALWAYS, body: null, ownsBody: false };
}
