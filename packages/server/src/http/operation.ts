// From HTTP's verbs to the API's operations.
import type { Operation } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { Form } from './form.js';

const TRUE = new Set(['1', 't', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'False', 'FALSE']);
const MERGE_PATCH = /^application\/merge-patch\+json[ \t]*(;|$)/i;

function readFlag(query: Form, name: string): boolean {
  const values = query.get(name);
  if (values === undefined || (values.length === 1 && values[0] === '')) return false;
  const value = values[0] ?? '';
  if (values.length > 1 || (!TRUE.has(value) && !FALSE.has(value))) {
    throw invalidRequest(`query parameter "${name}" is not true or false`, 'query-flag-invalid');
  }
  return TRUE.has(value);
}

function readGet(query: Form): Operation {
  if (query.size === 0) return 'read';
  const [list, scan] = [readFlag(query, 'list'), readFlag(query, 'scan')];
  if (list && scan) throw invalidRequest('"list" and "scan" exclude each other', 'list-and-scan');
  if (list) return 'list';
  return scan ? 'scan' : 'read';
}

function methodNotAllowed(): never {
  throw new ApiError('unsupported-operation', '', { code: 'method-not-allowed' });
}

/**
 * @throws ApiError method-not-allowed, unsupported-media-type, list-and-scan, query-flag-invalid
 */
export function readOperation(
  method: string,
  path: string,
  query: Form,
  contentType: string | null,
): Operation | 'help' {
  if (query.size > 0 && (query.get('help')?.[0] ?? '') !== '') return 'help';
  switch (method) {
    case 'GET':
      return readGet(query);
    case 'PUT':
    case 'POST':
      return 'update';
    case 'LIST':
      return 'list';
    case 'DELETE':
      return 'delete';
    case 'PATCH':
      if (MERGE_PATCH.test(contentType ?? '')) return 'patch';
      throw new ApiError(
        'unsupported-media-type',
        'PATCH requires Content-Type of application/merge-patch+json',
      );
    case 'SCAN':
      return 'scan';
    case 'HELP':
      return 'help';
    case 'HEAD':
      return path === 'sys/health' ? 'read' : methodNotAllowed();
    default:
      return methodNotAllowed();
  }
}

export function isWrite(operation: Operation | 'help'): boolean {
  return operation === 'update' || operation === 'create' || operation === 'patch';
}

/** LIST and SCAN name a folder. @throws ApiError for a write on a folder */
export function adjustPath(operation: Operation | 'help', path: string): string {
  if (operation === 'list' || operation === 'scan') {
    return path === '' || path.endsWith('/') ? path : `${path}/`;
  }
  if (isWrite(operation) && path.endsWith('/')) {
    throw invalidRequest("cannot write to a path ending in '/'", 'write-to-folder');
  }
  return path;
}
