// Audit devices that the configuration declares: enabled whenever the server opens, before the first request is served.
// Must never let a server open that does not write what its configuration says it writes.
import type { AuditBroker } from '../audit/broker.js';
import type { AuditConfig } from '../config/server-config.js';
import { ApiError } from '../framework/errors.js';
import type { Log } from './log.js';
import { StartError } from './options.js';

/** Those whose path is taken already stay as they are. @throws StartError when one can not be opened */
export async function enableConfiguredAudits(
  audit: AuditBroker,
  audits: readonly AuditConfig[],
  now: number,
  log: Log,
): Promise<void> {
  if (audits.length === 0) return;
  const enabled = await audit.list();
  for (const { type, path, description, options } of audits) {
    if (enabled.some((entry) => entry.path === path)) continue;
    try {
      await audit.enable(path, { type, description, options, local: false }, now);
      log('info', `audit device ${path} enabled`);
    } catch (error) {
      const why = error instanceof ApiError ? error.message : 'unknown fault';
      log('error', `audit device ${path}: ${why}; the server stays sealed`);
      throw new StartError(`audit device ${path}: ${why}`);
    }
  }
}
