// What a server's configuration says, typed, with defaults filled in. Secrets are never in it, only names of files.

import type { OpenableGroup } from '../framework/backend.js';
import type { LockoutTuning } from '../framework/lockout.js';

/** `storage "file" { path = "…" }`. raft is one node here: the same engine as file. */
export interface StorageConfig {
  readonly type: 'file' | 'raft' | 'inmem';
  /** Folder of the database; '' for inmem. */
  readonly path: string;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface ListenerTlsConfig {
  /** PEM, the server's certificate first, then its chain. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL or IANA names for TLS 1.2, or null for the platform's. */
  readonly cipherSuites: readonly string[] | null;
  readonly requireAndVerifyClientCert: boolean;
  /** Do not even ask for a client certificate. */
  readonly disableClientCerts: boolean;
}

export interface ForwardedForConfig {
  /** Addresses and CIDR blocks of proxies. */
  readonly authorizedAddresses: readonly string[];
  readonly hopSkips: number;
  readonly rejectNotPresent: boolean;
  readonly rejectNotAuthorized: boolean;
}

/** `proxy_protocol_behavior` and `proxy_protocol_authorized_addrs`. */
export interface ProxyProtocolConfig {
  readonly behavior: 'use_always' | 'allow_authorized' | 'deny_unauthorized';
  readonly authorizedAddresses: readonly string[];
}

/** `listener "tcp" { … }`. */
export interface ListenerConfig {
  /** 'host:port'. */
  readonly address: string;
  /** Null for plain HTTP (tls_disable). */
  readonly tls: ListenerTlsConfig | null;
  readonly requestBytesMax: number;
  readonly requestJsonStringsMax: number | null;
  readonly requestSecondsMax: number;
  readonly readHeaderTimeoutSeconds: number;
  readonly readTimeoutSeconds: number;
  /** 0: the engine's own default. */
  readonly writeTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  readonly proxyProtocol: ProxyProtocolConfig | null;
  readonly forwardedFor: ForwardedForConfig | null;
  readonly requireRequestHeader: boolean;
  /** Endpoints for holders of key shares that want no token here. */
  readonly opened: ReadonlySet<OpenableGroup>;
  /** By status, class ('4xx') or 'default': names and values. */
  readonly responseHeaders: ReadonlyMap<string, readonly (readonly [string, string])[]>;
  readonly corsEnabled: boolean;
  readonly corsAllowedOrigins: readonly string[];
  readonly corsAllowedHeaders: readonly string[];
  /** Where it was written, for messages about its files. */
  readonly source: { readonly file: string; readonly line: number };
}

/** `audit "file" "to-file" { options { file_path = "…" } }`. */
export interface AuditConfig {
  readonly type: string;
  /** Ends in '/'. */
  readonly path: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Whose results of another verifier are believed. */
export interface TrustedIssuerConfig {
  /** Evidence format, as written. */
  readonly format: string;
  readonly issuer: string;
  /** Null: tokens must have none. */
  readonly audience: string | null;
  /** A key set in JSON, or PEM of the root of the issuer's PKI. */
  readonly keys: { readonly kind: 'jwks' | 'root'; readonly file: string };
}

/** `attestation { … }`: how evidence of workloads is judged, beyond what policies and roles say. */
export interface AttestationConfig {
  /** Files of vendor endorsements (certificates, CRLs, TCB infos) to read at start. */
  readonly endorsementBundleFiles: readonly string[];
  /** Never ask a vendor's service: only bundles and what is cached. */
  readonly offline: boolean;
  /** Services to ask instead of the vendors' own, or null. */
  readonly pccsUrl: string | null;
  readonly kdsUrl: string | null;
  readonly refreshIntervalSeconds: number | null;
  /** `trusted_issuer "FORMAT" { … }`. */
  readonly trustedIssuers: readonly TrustedIssuerConfig[];
  /** `options { … }`: for parts that bring their own settings. */
  readonly options: Readonly<Record<string, string>>;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'standard' | 'json';

export interface ServerConfig {
  readonly storage: StorageConfig;
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  readonly audits: readonly AuditConfig[];
  readonly seal: { readonly type: 'shamir' };
  readonly attestation: AttestationConfig;
  /** URL that clients reach this server under, or null. */
  readonly apiAddr: string | null;
  readonly clusterName: string | null;
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  /** `user_lockout "userpass" { … }`: by type of the auth method, 'all' for every type. */
  readonly userLockouts: ReadonlyMap<string, LockoutTuning>;
  readonly ui: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Beside standard error; null: that alone. */
  readonly logFile: string | null;
  readonly pidFile: string | null;
  readonly pluginDirectory: string | null;
  /** `FILE:LINE: …` for keys that are accepted and have no effect; to be logged at start. */
  readonly warnings: readonly string[];
}

/** Vault's words for them. */
export const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
};

/** 32 days, as Vault has it. */
export const DEFAULT_LEASE_TTL_SECONDS = 2_764_800;
export const DEFAULT_LISTEN_ADDRESS = '127.0.0.1:8200';
