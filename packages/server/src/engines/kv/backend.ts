// Door of the key-value engine: KV v1 and v2 behind one mount type.
import type { Factory } from '../../framework/backend.js';
import { unversionedBackend } from './v1.js';
import { versionedBackend } from './v2.js';
import { parseVersionOption } from './version-option.js';

/**
 * Mount option "version": "1" (default) or "2". A mount whose option went from 1 to 2 upgrades its values by itself.
 * @throws ApiError kv-version-unknown
 */
export const kvFactory: Factory = async (context) =>
  parseVersionOption(context.mount.options) === 2
    ? versionedBackend(context)
    : unversionedBackend();
