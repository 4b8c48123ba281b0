// Cross-origin requests, by the rules that sys/config/cors keeps. Without rules no origin is told
// anything.
import { type CorsSettings, STANDARD_CORS_HEADERS } from '../core/cors.js';
import { ApiError } from '../framework/errors.js';
import { methodNotAllowedAnswer, noContentAnswer, withFields } from './answers.js';
import { type Answer, fieldLine } from './engine/answer.js';
import type { RequestHead } from './engine/request-head.js';
import { ORIGIN, PREFLIGHT_METHOD } from './headers.js';

const METHODS = ['GET', 'LIST', 'SCAN', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const MAX_AGE_SECONDS = 300;

/** The settings in force, null for none. Called for each request, so it must come from memory. */
export type CorsRules = () => CorsSettings | null;

/** It goes into a header of the answer. */
const PRINTABLE = /^[\x21-\x7e]+$/;

function allowsOrigin({ allowedOrigins }: CorsSettings, origin: string): boolean {
  if (!PRINTABLE.test(origin)) return false;
  return allowedOrigins.includes('*') || allowedOrigins.includes(origin.toLowerCase());
}

/**
 * Header lines for an answer to this request, '' where CORS has no part in it. @throws ApiError
 * origin-not-allowed
 */
export function readCorsFields(head: RequestHead, rules: CorsRules | null): string {
  const settings = rules === null ? null : rules();
  if (settings === null || !settings.isEnabled) return '';
  const origin = head.findText(ORIGIN);
  if (origin === null || origin === '') return '';
  if (!allowsOrigin(settings, origin)) {
    throw new ApiError('permission-denied', 'origin not allowed', { code: 'origin-not-allowed' });
  }
  const credentials = settings.allowsCredentials
    ? 'Access-Control-Allow-Credentials: true\r\n'
    : '';
  return `${fieldLine('Access-Control-Allow-Origin', origin)}${credentials}Vary: Origin\r\n`;
}

/** The answer to OPTIONS; `corsFields` from `readCorsFields`. */
export function answerOptions(
  head: RequestHead,
  rules: CorsRules | null,
  corsFields: string,
): Answer {
  const method = head.findText(PREFLIGHT_METHOD);
  const settings = rules === null ? null : rules();
  if (settings === null || corsFields === '' || method === null) return methodNotAllowedAnswer();
  if (!METHODS.includes(method)) return methodNotAllowedAnswer();
  const headers = [...STANDARD_CORS_HEADERS, ...settings.allowedHeaders];
  return withFields(
    noContentAnswer(),
    corsFields +
      fieldLine('Access-Control-Allow-Methods', METHODS.join(', ')) +
      fieldLine('Access-Control-Allow-Headers', headers.join(', ')) +
      fieldLine('Access-Control-Max-Age', String(MAX_AGE_SECONDS)),
  );
}
