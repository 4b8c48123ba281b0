// Cross-origin requests, by the rules that sys/config/cors keeps. Without rules no origin is told
// anything.
import { ApiError } from '../framework/errors.js';
import { methodNotAllowedAnswer, noContentAnswer, withFields } from './answers.js';
import { type Answer, fieldLine } from './engine/answer.js';
import type { RequestHead } from './engine/request-head.js';
import { ORIGIN, PREFLIGHT_METHOD } from './headers.js';

const METHODS = ['GET', 'LIST', 'SCAN', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const MAX_AGE_SECONDS = 300;

/**
 * What sys/config/cors says now. Read for each cross-origin request, so it must come from memory.
 */
export interface CorsRules {
  readonly isEnabled: boolean;
  allowsOrigin(origin: string): boolean;
  readonly allowedHeaders: readonly string[];
}

/**
 * Header lines for an answer to this request, '' where CORS has no part in it. @throws ApiError
 * origin-not-allowed
 */
export function readCorsFields(head: RequestHead, rules: CorsRules | null): string {
  if (rules === null || !rules.isEnabled) return '';
  const origin = head.findText(ORIGIN);
  if (origin === null || origin === '') return '';
  if (!rules.allowsOrigin(origin)) {
    throw new ApiError('permission-denied', 'origin not allowed', { code: 'origin-not-allowed' });
  }
  return `${fieldLine('Access-Control-Allow-Origin', origin)}Vary: Origin\r\n`;
}

/** The answer to OPTIONS; `corsFields` from `readCorsFields`. */
export function answerOptions(
  head: RequestHead,
  rules: CorsRules | null,
  corsFields: string,
): Answer {
  const method = head.findText(PREFLIGHT_METHOD);
  if (rules === null || corsFields === '' || method === null) return methodNotAllowedAnswer();
  if (!METHODS.includes(method)) return methodNotAllowedAnswer();
  return withFields(
    noContentAnswer(),
    corsFields +
      fieldLine('Access-Control-Allow-Methods', METHODS.join(', ')) +
      fieldLine('Access-Control-Allow-Headers', rules.allowedHeaders.join(', ')) +
      fieldLine('Access-Control-Max-Age', String(MAX_AGE_SECONDS)),
  );
}
