// sys/policies/acl and the older sys/policy: texts of policies. Names are one and the same in any spelling.
import type { Path, Response } from '../framework/backend.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { canonicalPolicyName } from '../framework/policy-name.js';
import type { SystemParts } from './parts.js';

const NAME = field.string('name of the policy');
const POLICY_FIELDS = {
  name: NAME,
  policy: field.optionalString('HCL or JSON, or either in base64'),
  rules: field.string('the same, as old clients call it'),
} as const;

async function write(
  parts: SystemParts,
  values: { readonly name: string; readonly policy: string | null; readonly rules: string },
  now: number,
): Promise<null> {
  const { name, policy, rules } = values;
  await parts.core.active.policies.put(name, policy ?? rules, now);
  return null;
}

async function remove(parts: SystemParts, name: string): Promise<null> {
  await parts.core.active.policies.delete(name);
  return null;
}

export function policyPaths(parts: SystemParts): readonly Path[] {
  const list = async (): Promise<Response> => ({
    data: { keys: await parts.core.active.policies.list() },
  });
  return [
    path({
      pattern: 'policies/acl(/)',
      help: { synopsis: 'Lists the policies.', description: '' },
      fields: {},
      operations: { list },
    }),
    path({
      pattern: 'policies/acl/:name+',
      help: { synopsis: 'Writes, shows or deletes a policy.', description: '' },
      fields: POLICY_FIELDS,
      spellings: { name: canonicalPolicyName },
      operations: {
        read: async (_, { name }) => {
          const found = await parts.core.active.policies.get(name);
          return found === null ? null : { data: { name: found.name, policy: found.text } };
        },
        update: async ({ now }, values) => await write(parts, values, now),
        delete: async (_, { name }) => await remove(parts, name),
      },
    }),
    ...legacyPolicyPaths(parts),
  ];
}

function legacyPolicyPaths(parts: SystemParts): readonly Path[] {
  const list = async (): Promise<Response> => {
    const names = await parts.core.active.policies.list();
    return { data: { keys: names, policies: names }, legacyTopLevel: true };
  };
  return [
    path({
      pattern: 'policy(/)',
      help: { synopsis: 'Lists the policies.', description: 'Use policies/acl.' },
      fields: {},
      operations: { read: list, list },
    }),
    path({
      pattern: 'policy/:name+',
      help: { synopsis: 'Writes, shows or deletes a policy.', description: 'Use policies/acl.' },
      fields: POLICY_FIELDS,
      spellings: { name: canonicalPolicyName },
      operations: {
        read: async (_, { name }) => {
          const found = await parts.core.active.policies.get(name);
          if (found === null) return null;
          return { data: { name: found.name, rules: found.text }, legacyTopLevel: true };
        },
        update: async ({ now }, values) => await write(parts, values, now),
        delete: async (_, { name }) => await remove(parts, name),
      },
    }),
  ];
}
