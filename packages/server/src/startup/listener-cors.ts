// CORS rules that a listener's stanza gives. Never looser than what sys/config/cors takes: no rule passes unread.
import type { ListenerConfig } from '../config/server-config.js';
import { type CorsSettings, corsSettings } from '../core/cors.js';
import { ApiError } from '../framework/errors.js';
import { StartError } from './options.js';

/** Null where sys/config/cors holds. @throws StartError with file and line */
export function findListenerCors(config: ListenerConfig): CorsSettings | null {
  if (!config.corsEnabled) return null;
  const { corsAllowedOrigins, corsAllowedHeaders, source } = config;
  try {
    return corsSettings(corsAllowedOrigins, corsAllowedHeaders, false);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new StartError(`${source.file}:${source.line}: CORS of the listener: ${error.message}`);
  }
}
