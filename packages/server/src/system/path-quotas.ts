// sys/quotas: how many requests a client address may make. Texts of refusals are Vault's where it has one.
import type { RateLimitRule } from '../core/quotas/rules.js';
import type { Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field, type Values } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';

const NAME = /^\w(?:[\w.-]{0,126}\w)?$/;
const PATH_LENGTH_MAX = 1024;
const ROLE_LENGTH_MAX = 256;
const RATE_MAX = 1e9;
const SECONDS_MAX = 366 * 86_400;

const RULE_FIELDS = {
  name: field.string('name of the quota'),
  type: field.string('"rate-limit", which is what there is', 'rate-limit'),
  path: field.string('mount, path below one, or beginning of paths with a "*"; empty for all'),
  role: field.string('logins with this role only; path is an auth mount then'),
  rate: field.optionalNumber('requests of one client address in one interval'),
  interval: field.duration('length of an interval', 1),
  block_interval: field.duration('how long a client that went over is refused altogether'),
  inheritable: field.optionalBoolean('true for the quota without a path, and only for that'),
  group_by: field.string('"ip", which is what there is', 'ip'),
} as const;

export function quotaPaths(parts: SystemParts): readonly Path[] {
  return [configPath(parts), listPath(parts), rulePath(parts)];
}

function configPath(parts: SystemParts): Path {
  return path({
    pattern: 'quotas/config',
    help: {
      synopsis: 'What no quota counts, and what is said of quotas.',
      description: 'Exempt paths are paths, or beginnings of paths with a "*" behind them.',
    },
    fields: {
      rate_limit_exempt_paths: field.optionalStringList('paths that no quota counts'),
      absolute_rate_limit_exempt_paths: field.optionalStringList('the same: one namespace'),
      enable_rate_limit_audit_logging: field.optionalBoolean('refused requests are on record'),
      enable_rate_limit_response_headers: field.optionalBoolean('answers tell what is left'),
    },
    operations: {
      read: async ({ now }) => {
        await parts.core.active.rateLimits.refresh(now);
        const { config } = parts.core.active.rateLimits.table;
        const data = {
          enable_rate_limit_audit_logging: config.auditRefusals,
          enable_rate_limit_response_headers: config.responseHeaders,
          rate_limit_exempt_paths: config.exemptPaths,
          absolute_rate_limit_exempt_paths: [],
        };
        return { data };
      },
      update: async (_, values) => {
        const given = values.rate_limit_exempt_paths;
        const absolute = values.absolute_rate_limit_exempt_paths;
        const all =
          given === null && absolute === null ? null : [...(given ?? []), ...(absolute ?? [])];
        await parts.core.active.rateLimits.configure({
          auditRefusals: values.enable_rate_limit_audit_logging,
          responseHeaders: values.enable_rate_limit_response_headers,
          exemptPaths: all === null ? null : [...new Set(all.map(readPath))],
        });
        return null;
      },
    },
  });
}

function listPath(parts: SystemParts): Path {
  return path({
    pattern: 'quotas/rate-limit(/)',
    help: { synopsis: 'Lists the rate limit quotas.', description: '' },
    fields: {},
    operations: {
      list: async ({ now }) => {
        await parts.core.active.rateLimits.refresh(now);
        const { rules } = parts.core.active.rateLimits.table;
        return { data: { keys: rules.map(({ name }) => name) } };
      },
    },
  });
}

function rulePath(parts: SystemParts): Path {
  return path({
    pattern: 'quotas/rate-limit/:name',
    help: {
      synopsis: 'Limits how often one client address may ask.',
      description: 'The most specific counts: role, path, longest beginning, mount, all.',
    },
    fields: RULE_FIELDS,
    operations: {
      read: async ({ now }, { name }) => {
        await parts.core.active.rateLimits.refresh(now);
        const { rules } = parts.core.active.rateLimits.table;
        const rule = rules.find((each) => each.name === name);
        return rule === undefined ? null : view(rule);
      },
      update: async (_, values) => {
        await parts.core.active.rateLimits.put(await readRule(parts, values));
        return null;
      },
      delete: async (_, { name }) => {
        await parts.core.active.rateLimits.delete(name);
        return null;
      },
    },
  });
}

function view(rule: RateLimitRule): Response {
  const data: Record<string, JsonValue> = {
    type: 'rate-limit',
    name: rule.name,
    path: rule.path,
    role: rule.role,
    rate: rule.rate,
    interval: rule.intervalSeconds,
    block_interval: rule.blockSeconds,
    inheritable: rule.path === '',
  };
  return { data };
}

function refuse(message: string): never {
  throw invalidRequest(message, 'quota-invalid');
}

/** Without a leading slash, as paths of requests are. */
function readPath(text: string): string {
  const found = text.trim().replace(/^\/+/, '');
  const isPath = /^[\x21-\x7e]*$/.test(found) && !found.includes('//');
  if (!isPath || found.length > PATH_LENGTH_MAX) refuse("'path' is invalid");
  return found;
}

/** @throws ApiError quota-invalid */
async function readRule(
  parts: SystemParts,
  values: Values<typeof RULE_FIELDS>,
): Promise<RateLimitRule> {
  const { name, role, rate, interval, block_interval: block } = values;
  if (!NAME.test(name)) refuse("'name' is invalid");
  if (values.type !== 'rate-limit') refuse("'type' is invalid");
  if (values.group_by !== 'ip') refuse("'group_by' is invalid: want ip");
  if (rate === null || rate <= 0 || rate > RATE_MAX) refuse("'rate' is invalid");
  if (interval < 0 || interval > SECONDS_MAX) refuse("'interval' is invalid");
  if (block < 0 || block > SECONDS_MAX) refuse("'block' is invalid");
  if (role.length > ROLE_LENGTH_MAX || role.includes('\n')) refuse("'role' is invalid");
  const at = await settlePlace(parts, readPath(values.path), role);
  if (values.inheritable === true && at.path !== '') {
    refuse('only namespace quotas can be configured as inheritable');
  }
  if (values.inheritable === false && at.path === '') {
    refuse('all global quotas must be inheritable');
  }
  // As in Vault: what clients send for "not set" is 0.
  const intervalSeconds = interval === 0 ? 1 : interval;
  return { name, ...at, rate, intervalSeconds, blockSeconds: block };
}

/**
 * A mount gets its slash, and a role the spelling that it is stored under, however they were written.
 * @throws ApiError quota-invalid where no mount is
 */
async function settlePlace(
  parts: SystemParts,
  at: string,
  role: string,
): Promise<Pick<RateLimitRule, 'path' | 'role'>> {
  if (at === '') {
    return role === '' ? { path: '', role } : refuse("'role' needs the path of an auth mount");
  }
  const route = await parts.core.active.router.find(at.replace(/\*$/, ''));
  if (route === null) refuse(`invalid mount path "${at}"`);
  const { entry, backend } = route.mounted;
  if (!`${at}/`.startsWith(entry.path)) refuse(`invalid mount path "${at}"`);
  const isMount = at === entry.path || `${at}/` === entry.path;
  if (role === '') return { path: isMount ? entry.path : at.replace(/\/$/, ''), role };
  const login = backend.paths.find(({ roleField }) => roleField !== null);
  if (!isMount || login === undefined) refuse("'role' needs the path of an auth mount with roles");
  return { path: entry.path, role: login.spell(login.roleField ?? '', role) };
}
