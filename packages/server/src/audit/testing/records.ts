// Records as the pipeline makes them, for the audit room's tests.

import type { RawField } from '../../framework/field.js';
import { DEFAULT_JSON_LIMITS, scanJsonObject } from '../../framework/json/scan.js';
import { Drafts } from '../drafts.js';
import type { AuditAuth, AuditRequest, AuditRequestRecord, AuditResponse } from '../record.js';

export const TOKEN = 'hvs.CAESINotARealToken';
export const NOW = 1_700_000_000_000;

export const AUTH: AuditAuth = {
  clientToken: Buffer.from(TOKEN),
  tokenId: 'h1',
  accessor: 'accessor-1',
  displayName: 'userpass-anna',
  policies: ['default', 'app'],
  tokenPolicies: ['default', 'app'],
  identityPolicies: [],
  policyResults: { allowed: true, grantingPolicies: [{ name: 'app' }] },
  metadata: { username: 'anna' },
  entityId: 'e-1',
  tokenType: 'service',
  tokenTtlSeconds: 3600,
  tokenIssueTime: NOW - 5000,
  remainingUses: 0,
};

export const REQUEST: AuditRequest = {
  id: '11111111-2222-3333-4444-555555555555',
  clientId: 'e-1',
  operation: 'update',
  mount: {
    path: 'secret/',
    type: 'kv',
    accessor: 'kv_0a1b2c3d',
    class: 'secret',
    nonHmacRequestKeys: ['options'],
    nonHmacResponseKeys: ['metadata'],
  },
  clientToken: Buffer.from(TOKEN),
  tokenId: 'h1',
  accessor: 'accessor-1',
  path: 'secret/data/app',
  data: fields('{"data": {"password":"hunter2","n":[1.50,true,null]}, "options":{"x":"clear"}}'),
  remoteAddress: '192.0.2.7',
  remotePort: 40_000,
  wrapTtlSeconds: 0,
  carrier: {
    headers: new Map([
      ['x-correlation-id', 'c-1'],
      ['cookie', 'hunter2'],
    ]),
  },
  drafts: new Drafts(),
};

export const RESPONSE: AuditResponse = {
  auth: null,
  leaseId: '',
  data: null,
  rawBody: null,
  wrap: null,
  warnings: [],
  redirect: '',
};

export function fields(body: string): ReadonlyMap<string, RawField> {
  const members = scanJsonObject(Buffer.from(body), DEFAULT_JSON_LIMITS);
  return new Map([...members].map(([name, value]) => [name, { kind: 'json', value }]));
}

export function record(changes: Partial<AuditRequest> = {}): AuditRequestRecord {
  return {
    time: NOW,
    auth: AUTH,
    request: { ...REQUEST, drafts: new Drafts(), ...changes },
    error: '',
  };
}
