// The composition root: reads the configuration, opens storage, builds the server, opens the doors, waits for a signal.
import { renameSync, writeFileSync } from 'node:fs';
import { loadServerConfig, NODE_CONFIG_FILES } from './config/load.js';
import { ConfigError } from './config/problems.js';
import type { ServerConfig } from './config/server-config.js';
import type { Listener } from './http/listener.js';
import { hardenProcess } from './secret-memory/hardening.js';
import { keepStackClean } from './secret-memory/stack.js';
import { type Assembly, assemble } from './startup/assemble.js';
import {
  type DevCertificate,
  devBanner,
  devMounts,
  devStorageFolder,
  makeDevCertificate,
  openDevServer,
} from './startup/dev.js';
import { createLog, type Log, LogThreshold } from './startup/log.js';
import { LogFile } from './startup/log-file.js';
import { type ServerIo, type ServerOptions, StartError } from './startup/options.js';
import { watchProcess } from './startup/process-faults.js';
import { openListener, reloadListener } from './startup/serve.js';
import { openSimulatedTee } from './startup/simulated-tee.js';
import { API_VERSION, BUILD_DATE, VERSION } from './startup/version.js';
import type { StorageEngine } from './storage/engine.js';
import { StorageOpenError } from './storage/leveldb-open.js';
import { storageEngines } from './storage/registry.js';

export type { ServerIo, ServerOptions } from './startup/options.js';
export { VERSION } from './startup/version.js';

const CLOSE_GRACE_MS = 10_000;
const clock = (): number => Date.now();

/** Runs until a signal; resolves with the exit code. Faults at start are printed, never thrown. */
export async function runServer(options: ServerOptions, io: ServerIo): Promise<number> {
  const certificate = options.dev && options.devTls ? await makeDevCertificate() : null;
  const removeCertificate = (): void => certificate?.remove();
  // Also when a fault ends the process from elsewhere.
  process.once('exit', removeCertificate);
  try {
    const server = await startServer(options, io, certificate);
    await server.untilSignal();
    await server.close();
    return 0;
  } catch (error) {
    if (
      error instanceof ConfigError ||
      error instanceof StartError ||
      error instanceof StorageOpenError
    ) {
      io.writeError(`error: ${error.message}\n`);
      return 1;
    }
    throw error;
  } finally {
    removeCertificate();
    process.off('exit', removeCertificate);
  }
}

async function readConfig(
  options: ServerOptions,
  io: ServerIo,
  certificate: DevCertificate | null,
): Promise<ServerConfig> {
  const config = await loadServerConfig({
    paths: options.config,
    env: {
      ...io.env,
      ...(options.logLevel === null ? {} : { VOUCHSAFE_LOG_LEVEL: options.logLevel }),
      ...(options.logFormat === null ? {} : { VOUCHSAFE_LOG_FORMAT: options.logFormat }),
    },
    dev: options.dev,
    files: NODE_CONFIG_FILES,
  });
  if (!options.dev) return config;
  const [first] = config.listeners;
  if (first === undefined) throw new StartError('no listener');
  const storage = options.devStorage;
  return {
    ...config,
    storage: storage === null ? config.storage : { type: 'file', path: devStorageFolder(storage) },
    listeners: [
      {
        ...first,
        address: options.devListenAddress ?? first.address,
        tls:
          certificate === null
            ? first.tls
            : {
                certFile: certificate.certFile,
                keyFile: certificate.keyFile,
                minVersion: 'TLSv1.2',
                maxVersion: 'TLSv1.3',
                cipherSuites: null,
                requireAndVerifyClientCert: false,
                disableClientCerts: false,
              },
      },
      ...config.listeners.slice(1),
    ],
  };
}

async function openStorage(config: ServerConfig, log: Log, dev: boolean): Promise<StorageEngine> {
  const factory = storageEngines.get(config.storage.type);
  if (factory === undefined) throw new StartError(`storage "${config.storage.type}" is not known`);
  if (factory.warning !== null && !dev) log('warn', factory.warning);
  return await factory.open({ path: config.storage.path });
}

interface RunningServer {
  untilSignal(): Promise<void>;
  close(): Promise<void>;
}

async function startServer(
  options: ServerOptions,
  io: ServerIo,
  certificate: DevCertificate | null,
): Promise<RunningServer> {
  const hardening = hardenProcess();
  keepStackClean();
  const config = await readConfig(options, io, certificate);
  const logFile = config.logFile === null ? null : new LogFile(config.logFile);
  const threshold = new LogThreshold(config.logLevel);
  const log = createLog({
    threshold,
    format: config.logFormat,
    write: (line) => {
      io.writeError(line);
      logFile?.write(line);
    },
    clock,
  });
  for (const warning of config.warnings) log('warn', warning);
  for (const step of hardening) if (!step.ok) log('warn', `hardening ${step.name}: ${step.detail}`);
  const engine = await openStorage(config, log, options.dev);
  const scheme = config.listeners[0]?.tls === null ? 'http' : 'https';
  const assembly = assembleServer(options, config, engine, { log, threshold }, scheme);
  if (assembly.memory.status.kind === 'ordinary') {
    log('warn', `keys are kept in ordinary memory: ${assembly.memory.status.reason}`);
  }
  const listeners: Listener[] = [];
  try {
    for (const each of config.listeners)
      listeners.push(await openListener(assembly.core, each, log));
    const address = `${scheme}://${listeners[0]?.address ?? ''}`;
    if (options.dev) await announceDev(options, assembly, io, address, certificate);
    if (config.pidFile !== null) writeFileSync(config.pidFile, `${process.pid}\n`);
    const server = running(config, assembly, listeners, log, logFile);
    log('info', `vouchsafe ${VERSION} listens on ${address}`);
    return server;
  } catch (error) {
    for (const listener of listeners) await listener.close(0);
    await assembly.close();
    throw error;
  }
}

function assembleServer(
  options: ServerOptions,
  config: ServerConfig,
  engine: StorageEngine,
  { log, threshold }: { readonly log: Log; readonly threshold: LogThreshold },
  scheme: string,
): Assembly {
  return assemble({
    engine,
    facts: {
      version: API_VERSION,
      buildDate: BUILD_DATE,
      startedAt: clock(),
      apiAddress: config.apiAddr ?? `${scheme}://${config.listeners[0]?.address ?? ''}`,
      logLevel: config.logLevel,
      defaultLeaseTtlSeconds: config.defaultLeaseTtlSeconds,
      maxLeaseTtlSeconds: config.maxLeaseTtlSeconds,
      isDev: options.dev,
      sanitizedConfig: {
        storage: { type: config.storage.type },
        default_lease_ttl: config.defaultLeaseTtlSeconds,
        max_lease_ttl: config.maxLeaseTtlSeconds,
        log_level: config.logLevel,
        ui: config.ui,
      },
    },
    firstWrites: {
      rootTokenId: null,
      extraMounts: options.dev ? devMounts(options) : [],
      clusterName: config.clusterName ?? '',
    },
    audits: config.audits,
    attestation: config.attestation,
    simulated:
      options.dev && options.devTee !== null
        ? openSimulatedTee(options.devTee, new Date(clock()))
        : null,
    pluginDirectory: config.pluginDirectory,
    lockouts: config.userLockouts,
    clock,
    log,
    logLevel: threshold,
  });
}

async function announceDev(
  options: ServerOptions,
  assembly: Assembly,
  io: ServerIo,
  address: string,
  certificate: DevCertificate | null,
): Promise<void> {
  const secrets = await openDevServer(assembly, options, clock);
  if (!options.devNoStoreToken) writeTokenFile(options.tokenFile, secrets.rootToken);
  io.writeOut(
    devBanner({
      address,
      secrets,
      caFile: certificate?.caFile ?? null,
      teeFolder: options.devTee,
      storage: options.devStorage,
    }),
  );
}

/** Written beside and renamed, so that a file others may read never holds the token. */
function writeTokenFile(file: string, token: string): void {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, token, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `token file ${file}: cannot be written (${code ?? 'unknown fault'}); use -dev-no-store-token`,
    );
  }
}

function reopenLog(logFile: LogFile | null, log: Log): void {
  try {
    logFile?.reopen();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log('error', error.message);
  }
}

/** Listens for signals from here on: whoever reads that the server listens may end it at once. */
function running(
  config: ServerConfig,
  assembly: Assembly,
  listeners: readonly Listener[],
  log: Log,
  logFile: LogFile | null,
): RunningServer {
  const reload = (): void => {
    reopenLog(logFile, log);
    listeners.forEach((listener, index) => {
      const each = config.listeners[index];
      if (each !== undefined) reloadListener(listener, each, log);
    });
    // Whoever rotates the log has moved the file away and waits for a new one.
    if (!assembly.core.isSealed) assembly.core.active.audit.reopenAll();
  };
  process.on('SIGHUP', reload);
  const unwatch = watchProcess(process, log, (code) => process.exit(code));
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        log('info', `${signal}: closing`);
        resolve();
      });
    }
  });
  return {
    untilSignal: () => signalled,
    close: async () => {
      for (const listener of listeners) await listener.close(CLOSE_GRACE_MS);
      await assembly.close();
      process.off('SIGHUP', reload);
      unwatch();
    },
  };
}
