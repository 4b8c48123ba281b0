// Audit devices that the configuration declares: enabled once the server is open, before the first request is served
// when it opens at start, or right after sys/unseal.
import type { AuditConfig } from '../config/server-config.js';
import { ApiError } from '../framework/errors.js';
import type { Assembly } from './assemble.js';
import type { Log } from './log.js';
import { StartError } from './options.js';

/** Does nothing while sealed. @throws StartError when a device can not be opened: better no server than one unaudited */
export async function enableConfiguredAudits(
  assembly: Assembly,
  audits: readonly AuditConfig[],
  log: Log,
): Promise<void> {
  if (audits.length === 0 || assembly.core.isSealed) return;
  const { audit, clock } = assembly.core.active;
  const enabled = await audit.list();
  for (const { type, path, description, options } of audits) {
    if (enabled.some((entry) => entry.path === path)) continue;
    try {
      await audit.enable(path, { type, description, options, local: false }, clock());
      log('info', `audit device ${path} enabled`);
    } catch (error) {
      const why = error instanceof ApiError ? error.message : 'unknown fault';
      throw new StartError(`audit device ${path}: ${why}`);
    }
  }
}
