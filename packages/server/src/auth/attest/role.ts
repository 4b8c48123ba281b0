// Attestation roles: which evidence, judged by which pinned documents, gives which token and which secrets.
import {
  EvidenceError,
  evidenceFormats,
  parseRequiredComposition,
  type RequiredComposition,
} from '@vouchsafe/verifier';
import { invalidRequest } from '../../framework/errors.js';
import type { Values } from '../../framework/field.js';
import { field } from '../../framework/field.js';
import type { JsonValue } from '../../framework/json/value.js';
import { type Listing, listKeys } from '../../framework/listing.js';
import { retryOnConflict, type Storage } from '../../framework/storage.js';
import {
  DEFAULT_TOKEN_PARAMS,
  parseTokenParams,
  type TokenParams,
  tokenFields,
  tokenParamsData,
} from '../../framework/token-fields.js';
import { leafOf, walk } from '../../framework/walk.js';
import { policies, referenceValues } from './documents.js';
import { NO_PROVISION, type Provision, parseProvision } from './provision.js';

export interface AttestRole {
  readonly name: string;
  /** Digest of the appraisal policy. */
  readonly policy: string;
  /** Digests; kinds are joined by "and", sets of one kind by "or" (see appraise). */
  readonly referenceValues: readonly string[];
  /** Of evidence of one part. */
  readonly formats: readonly string[];
  /** What composite evidence must be made of, which then must be given; null: evidence of one part. */
  readonly composition: RequiredComposition | null;
  readonly requiredBinding: 'key' | 'exporter';
  readonly tokenBinding: 'key' | 'none';
  /** Seconds after which a renewal is refused until the workload attests anew; 0: at every renewal the key alone is enough. */
  readonly reattestPeriodSeconds: number;
  readonly provision: Provision;
  readonly token: TokenParams;
}

export const roleFields = {
  name: field.string('name of the role'),
  policy: field.optionalString('digest of the appraisal policy'),
  reference_values: field.optionalStringList('digests of the reference values'),
  formats: field.optionalStringList('evidence formats that may log in; all if not set'),
  composition: field.map(
    'parts of composite evidence to the formats that each may have, or its JSON text; {} for evidence of one part',
  ),
  required_binding: field.optionalString(
    '"key", or "exporter" to refuse logins through a TLS proxy',
  ),
  token_binding: field.optionalString(
    '"key": the token works only with the attested key; or "none"',
  ),
  reattest_period: field.optionalDuration('how long a token can be renewed without new evidence'),
  provision: field.map(
    'environment variables and files that the workload gets, or their JSON text',
  ),
  ...tokenFields,
} as const;

export type RoleValues = Values<typeof roleFields>;

const NAME = /^\w([\w.-]{0,126}\w)?$/;
const REFERENCES_MAX = 64;
const REATTEST_DEFAULT_SECONDS = 3600;

/** Upper and lower case are the same role. */
export function canonicalRoleName(name: string): string {
  return name.toLowerCase();
}

function roleKey(name: string): string {
  return `role/${canonicalRoleName(name)}`;
}

/** A name that could be a role's; anything else is simply unknown. */
export function isRoleName(name: string): boolean {
  return NAME.test(name);
}

export async function findRole(storage: Storage, name: string): Promise<AttestRole | null> {
  if (!isRoleName(name)) return null;
  const found = await storage.get(roleKey(name));
  return found === null ? null : readRole(found.value);
}

/** Roles that were written before there were compositions ask for none. */
function readRole(value: Buffer): AttestRole {
  const stored = JSON.parse(value.toString('utf8')) as Partial<AttestRole> & AttestRole;
  return { ...stored, composition: stored.composition ?? null };
}

function oneOf<T extends string>(
  value: string | null,
  options: readonly T[],
  before: T,
  name: string,
): T {
  if (value === null) return before;
  const found = options.find((option) => option === value);
  if (found !== undefined) return found;
  throw invalidRequest(
    `field "${name}" is not valid: want ${options.join(' or ')}`,
    'field-invalid',
  );
}

function parseFormats(formats: readonly string[]): readonly string[] {
  const known = evidenceFormats as readonly string[];
  const strange = formats.find((format) => !known.includes(format));
  if (strange === undefined) return [...new Set(formats)];
  throw invalidRequest(
    `field "formats" is not valid: want some of ${known.join(', ')}`,
    'field-invalid',
  );
}

function parseComposition(value: Readonly<Record<string, unknown>>): AttestRole['composition'] {
  if (Object.keys(value).length === 0) return null;
  try {
    return parseRequiredComposition(value);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw invalidRequest(`field "composition" is not valid: ${error.message}`, 'field-invalid');
  }
}

function merged(before: AttestRole, values: RoleValues): AttestRole {
  return {
    name: before.name,
    policy: values.policy ?? before.policy,
    referenceValues: values.reference_values ?? before.referenceValues,
    formats: values.formats === null ? before.formats : parseFormats(values.formats),
    composition:
      values.composition === null ? before.composition : parseComposition(values.composition),
    requiredBinding: oneOf(
      values.required_binding,
      ['key', 'exporter'],
      before.requiredBinding,
      'required_binding',
    ),
    tokenBinding: oneOf(
      values.token_binding,
      ['key', 'none'],
      before.tokenBinding,
      'token_binding',
    ),
    reattestPeriodSeconds: values.reattest_period ?? before.reattestPeriodSeconds,
    provision: values.provision === null ? before.provision : parseProvision(values.provision),
    token: parseTokenParams(before.token, values, null),
  };
}

/** Every digest must exist now: a role that could never admit anybody is a mistake. */
async function checkDigests(storage: Storage, role: AttestRole): Promise<void> {
  if (role.policy === '')
    throw invalidRequest(
      'policy must be specified: the digest of an appraisal policy',
      'role-policy-missing',
    );
  await policies.get(storage, role.policy);
  if (role.referenceValues.length > REFERENCES_MAX) {
    throw invalidRequest(
      `more than ${REFERENCES_MAX} reference_values`,
      'role-references-too-many',
    );
  }
  for (const digest of role.referenceValues) await referenceValues.get(storage, digest);
}

/** Creates or changes; what is not given stays. @throws ApiError */
export async function writeRole(storage: Storage, values: RoleValues): Promise<void> {
  if (!isRoleName(values.name)) {
    throw invalidRequest(
      'role name is not valid: want letters, digits, "_", "-", "."',
      'role-name',
    );
  }
  await retryOnConflict(async () => {
    const key = roleKey(values.name);
    const found = await storage.get(key);
    const before: AttestRole =
      found === null
        ? {
            name: canonicalRoleName(values.name),
            policy: '',
            referenceValues: [],
            formats: [...evidenceFormats],
            composition: null,
            requiredBinding: 'key',
            tokenBinding: 'key',
            reattestPeriodSeconds: REATTEST_DEFAULT_SECONDS,
            provision: NO_PROVISION,
            token: DEFAULT_TOKEN_PARAMS,
          }
        : readRole(found.value);
    const role = merged(before, values);
    await checkDigests(storage, role);
    const value = Buffer.from(JSON.stringify(role));
    await storage.commit([{ put: key, value }], [{ key, version: found?.version ?? null }]);
  });
}

export async function deleteRole(storage: Storage, name: string): Promise<void> {
  if (isRoleName(name)) await storage.commit([{ delete: roleKey(name) }], []);
}

export async function listRoles(storage: Storage, listing: Listing): Promise<readonly string[]> {
  return await listKeys(storage, 'role/', listing);
}

/** Names of the roles whose policy or reference values the document is. Reads every role. */
export async function rolesThatPin(storage: Storage, digest: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const key of walk(storage, 'role/')) {
    const role = await findRole(storage, leafOf(key));
    if (role === null) continue;
    if (role.policy === digest || role.referenceValues.includes(digest)) names.push(role.name);
  }
  return names;
}

export function roleData(role: AttestRole): Readonly<Record<string, JsonValue>> {
  return {
    policy: role.policy,
    reference_values: role.referenceValues,
    formats: role.formats,
    composition: role.composition as JsonValue,
    required_binding: role.requiredBinding,
    token_binding: role.tokenBinding,
    reattest_period: role.reattestPeriodSeconds,
    provision: role.provision as unknown as JsonValue,
    ...tokenParamsData(role.token),
  };
}
