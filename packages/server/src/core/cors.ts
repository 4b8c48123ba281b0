// What sys/config/cors keeps: which origins may call from a browser. Applied by http/, which asks for every request that
// names an origin. No protection of its own: whoever is not a browser sends what it likes.
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import { LiveDocument } from './live-document.js';

export interface CorsSettings {
  readonly isEnabled: boolean;
  /** Lower case, without a trailing slash; '*' alone for all. */
  readonly allowedOrigins: readonly string[];
  /** Beside STANDARD_CORS_HEADERS. */
  readonly allowedHeaders: readonly string[];
  readonly allowsCredentials: boolean;
}

/** What Vault's clients send. */
export const STANDARD_CORS_HEADERS: readonly string[] = [
  'Content-Type',
  'X-Requested-With',
  'X-Vault-AWS-IAM-Server-ID',
  'X-Vault-MFA',
  'X-Vault-Namespace',
  'X-Vault-No-Request-Forwarding',
  'X-Vault-Policy-Override',
  'X-Vault-Request',
  'X-Vault-Wrap-Format',
  'X-Vault-Wrap-TTL',
  'Authorization',
  'X-Vault-Token',
];

export const NO_CORS: CorsSettings = {
  isEnabled: false,
  allowedOrigins: [],
  allowedHeaders: [],
  allowsCredentials: false,
};

const FORMAT = 1;
const LIST_MAX = 100;
const ORIGIN = /^[a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#@\\]{1,255}$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

/** @param storage the view `sys/config/` */
export function openCors(storage: Storage): LiveDocument<CorsSettings> {
  return new LiveDocument(storage, 'cors', {
    decode(stored) {
      if (stored === null) return NO_CORS;
      const { format, settings } = stored as { format: unknown; settings: CorsSettings };
      if (format === FORMAT) return settings;
      throw new ApiError('internal', 'stored CORS settings are not readable', {
        code: 'cors-unreadable',
      });
    },
    encode: (settings) => ({ format: FORMAT, settings: { ...settings } }),
  });
}

/** With Vault's texts where it has one. @throws ApiError cors-invalid */
export function corsSettings(
  origins: readonly string[],
  headers: readonly string[],
  allowsCredentials: boolean,
): CorsSettings {
  const refuse = (text: string): never => {
    throw invalidRequest(text, 'cors-invalid');
  };
  const allowedOrigins = origins.map((origin) => origin.toLowerCase().replace(/\/$/, ''));
  if (origins.length === 0) refuse('at least one origin or the wildcard must be provided');
  if (Math.max(origins.length, headers.length) > LIST_MAX) refuse(`more than ${LIST_MAX} entries`);
  const allowsAll = allowedOrigins.includes('*');
  if (allowsAll && origins.length > 1) {
    refuse("to allow all origins the '*' must be the only value for allowed_origins");
  }
  if (allowsAll && allowsCredentials) {
    refuse('allow_credentials needs origins by name: "*" would let every page act for its reader');
  }
  if (!allowsAll && !allowedOrigins.every((origin) => ORIGIN.test(origin))) {
    refuse('allowed_origins is not valid: want "*", or origins such as "https://console.example"');
  }
  if (!headers.every((name) => HEADER.test(name))) refuse('allowed_headers is not valid');
  return { isEnabled: true, allowedOrigins, allowedHeaders: headers, allowsCredentials };
}
