// Settings of a machine without any TEE, for tests to change. Tests only.
import type { AttesterSettings } from '../attesters/attester.js';

export const attesterSettings: AttesterSettings = {
  tsmPath: '/nosuch',
  graminePath: '/nosuch',
  simulatedTee: null,
  simulatedFormat: 'tdx-dcap',
  command: [],
  env: {},
  clock: () => Date.now(),
};
