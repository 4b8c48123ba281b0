// Wires the rooms together, lowest first: storage, secret memory, barrier, seal, core, sys/. Opens no port.

import { Barrier } from '../barrier/barrier.js';
import type { AttestationConfig, AuditConfig } from '../config/server-config.js';
import { Core } from '../core/core.js';
import { type ClusterInfo, type FirstWrites, readCluster } from '../core/first-writes.js';
import { identityBackend } from '../core/identity-backend.js';
import { openActive } from '../core/open-active.js';
import { tokenCore } from '../core/token-core.js';
import type { Backend } from '../framework/backend.js';
import type { LockoutTuning } from '../framework/lockout.js';
import { Lifecycle } from '../seal/lifecycle.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import type { StorageEngine } from '../storage/engine.js';
import { systemBackend } from '../system/backend.js';
import type { LogLevelControl, ServerFacts } from '../system/parts.js';
import { tokenBackend } from '../tokens/backend/backend.js';
import { TokenRoles } from '../tokens/role.js';
import { enableConfiguredAudits } from './audits.js';
import { describeFault, type Log } from './log.js';
import { createFactories } from './registries.js';
import type { SimulatedTee } from './simulated-tee.js';
import { trustAnchors } from './trust.js';
import { VERSION } from './version.js';

export interface AssemblyParts {
  readonly engine: StorageEngine;
  readonly facts: ServerFacts;
  readonly firstWrites: FirstWrites;
  /** Enabled each time the server opens. */
  readonly audits: readonly AuditConfig[];
  readonly attestation: AttestationConfig;
  readonly simulated: SimulatedTee | null;
  readonly pluginDirectory: string | null;
  /** As MountDefaults has them. */
  readonly lockouts: ReadonlyMap<string, LockoutTuning>;
  readonly clock: () => number;
  readonly log: Log;
  readonly logLevel: LogLevelControl;
}

export interface Assembly {
  readonly core: Core;
  readonly lifecycle: Lifecycle;
  readonly memory: SecretMemory;
  readonly barrier: Barrier;
  /** After the barrier was opened by other means than sys/unseal. */
  activate(): Promise<void>;
  seal(): Promise<void>;
  /** Seals and closes storage. */
  close(): Promise<void>;
}

export function assemble(parts: AssemblyParts): Assembly {
  const { engine, clock, log } = parts;
  const memory = new SecretMemory();
  const barrier = new Barrier({ engine, memory, now: clock });
  const lifecycle = new Lifecycle({ engine, barrier, memory, now: clock });
  const onFault = (what: string, error: unknown): void =>
    log('error', `${what}: ${describeFault(error)}`);
  const trust = trustAnchors({
    ...parts,
    view: () => core.active.view('sys/endorsements/'),
  });
  const factories = createFactories({
    trust,
    serverEvidence: null,
    build: `vouchsafe ${VERSION}`,
  });
  const { defaultLeaseTtlSeconds, maxLeaseTtlSeconds } = parts.facts;
  let cluster: ClusterInfo | null = null;
  const core = new Core(async () => {
    const active = await openActive({
      barrier,
      factories,
      bounds: { defaultLeaseTtlSeconds, maxLeaseTtlSeconds, lockouts: parts.lockouts },
      clock,
      onFault,
      firstMounts: parts.firstWrites.extraMounts,
      audit: {
        stdout: process.stdout,
        pluginDirectory: parts.pluginDirectory,
        allowPrefix: false,
        log,
      },
      builtIn: (type, self): Backend | null => {
        if (type === 'system') return core.system;
        if (type === 'identity') return identityBackend(() => self().entities);
        if (type !== 'token') return null;
        const { tokens, view } = self();
        return tokenBackend({
          store: tokens,
          roles: new TokenRoles(view('sys/token/')),
          core: tokenCore(self, onFault),
        });
      },
    });
    try {
      cluster = await readCluster(active.view('core/'));
      await enableConfiguredAudits(active.audit, parts.audits, clock(), log);
    } catch (error) {
      active.audit.close();
      active.tokens.close();
      throw error;
    }
    return active;
  });
  const activate = (): Promise<void> => core.activate();
  const seal = async (): Promise<void> => {
    await core.deactivate();
    lifecycle.seal();
    cluster = null;
  };
  core.attachSystem(
    systemBackend({
      core,
      lifecycle,
      barrier,
      facts: parts.facts,
      clock,
      logLevel: parts.logLevel,
      cluster: () => cluster,
      firstWrites: parts.firstWrites,
      onUnsealed: activate,
      onFault,
      seal,
    }),
  );
  const close = async (): Promise<void> => {
    await seal();
    await engine.close();
  };
  return { core, lifecycle, memory, barrier, activate, seal, close };
}
