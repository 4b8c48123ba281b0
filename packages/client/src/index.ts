// The public door of the client: types of the HTTP API and a client that runs in a browser. Node's own transport is
// behind '@vouchsafe/client/node'.
export { type CallOptions, Client, type ClientOptions, encodePath, type Query } from './client.js';
export {
  ApiResponseError,
  InvalidRequestError,
  TransportError,
  type TransportErrorKind,
} from './errors.js';
export {
  type ExactJson,
  ExactNumber,
  isJsonObject,
  parseExactJson,
  stringifyExactJson,
} from './exact-json.js';
export { FetchTransport } from './fetch-transport.js';
export type { Transport, TransportRequest, TransportResponse } from './transport.js';
export type {
  AttestChallengeRequest,
  AttestLoginRequest,
  AuditDevice,
  Auth,
  Envelope,
  ErrorBody,
  GenerateRootStatus,
  Health,
  InitRequest,
  InitResult,
  KeyStatus,
  Keys,
  KvMetadata,
  KvRead,
  KvVersion,
  Leader,
  MfaRequirement,
  Mount,
  MountConfig,
  MountInfo,
  PathHelp,
  RekeyResult,
  RekeyStatus,
  SealStatus,
  TokenLookup,
  WrapInfo,
} from './wire.js';
