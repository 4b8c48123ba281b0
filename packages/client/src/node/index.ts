// The client's door for Node: a transport on node:http and node:tls, and the environment's settings.
export { Channel } from './channel.js';
export {
  type ConnectionSettings,
  defaultAddress,
  findVariable,
  parseBoolean,
  parseDurationMs,
  readEnvironment,
  type Variables,
} from './environment.js';
export type { NodeResponse } from './exchange.js';
export { NodeTransport, type NodeTransportOptions } from './node-transport.js';
export { type TlsSettings, tlsOptions } from './tls-options.js';
export {
  type ProofInput,
  type ProofKey,
  type ProvenRequest,
  provenRequestBytes,
  tokenProof,
  tokenProofHeader,
} from './token-proof.js';
