// `vouchsafe run`: checks the server, attests, takes what the role delivers, starts the workload with it, keeps the
// login alive, and leaves nothing behind. Holds the order; each step is a file of its own.
import { NodeTransport, type TlsSettings } from '@vouchsafe/client/node';
import { openAttester } from './attesters/registry.js';
import { simulationWarning } from './attesters/simulated.js';
import { InterruptedError, runChild, Signals } from './child.js';
import { ShimError } from './errors.js';
import { resolveExecutable } from './executable.js';
import { type BindingChoice, logIn } from './login.js';
import { type Delivery, readDelivery } from './secret-fields.js';
import { defaultFolders, SecretFiles } from './secret-files.js';
import type { Session } from './session.js';
import type { SimulatedFormat } from './simulated-registers.js';
import { REVOKE_TIMEOUT_MS, Supply } from './supply.js';

/** Where and as whom to log in; the same for a run and for a login alone. */
export interface AttestedLoginOptions {
  readonly address: string;
  readonly tls: TlsSettings;
  readonly role: string;
  readonly mount: string;
  /** Name of an attester, or 'auto'. */
  readonly attester: string;
  readonly serverIdentity: Buffer | null;
  readonly binding: BindingChoice;
  readonly tsmPath: string;
  readonly graminePath: string;
  readonly simulatedTee: string | null;
  readonly simulatedFormat: SimulatedFormat;
  /** What a simulated TEE measures, and what a run starts. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

export interface RunOptions extends AttestedLoginOptions {
  /** Beside the default ones. */
  readonly fileFolders: readonly string[];
  readonly allowDisk: boolean;
}

/** The process around it. */
export interface ShimIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line on standard error. */
  note(text: string): void;
}

/** Something that can log in, again and again, until it is closed. */
export interface AttestedClient {
  logIn(): Promise<Session>;
  close(): void;
}

/** Opens attester and transport; talks to nobody yet. @throws ShimError, InvalidRequestError */
export async function openAttestedClient(
  options: AttestedLoginOptions,
  io: ShimIo,
): Promise<AttestedClient> {
  const { tsmPath, graminePath, simulatedTee, simulatedFormat, command } = options;
  const clock = (): number => Date.now();
  const attester = await openAttester(options.attester, {
    tsmPath,
    graminePath,
    simulatedTee,
    simulatedFormat,
    command,
    env: io.env,
    clock,
  });
  if (attester.name === 'simulated') io.note(simulationWarning);
  const transport = new NodeTransport({ address: options.address, tls: options.tls });
  const { role, mount, serverIdentity, binding, timeoutMs } = options;
  return {
    logIn: () =>
      logIn({ transport, attester, role, mount, serverIdentity, binding, timeoutMs, clock }),
    close: () => transport.close(),
  };
}

function schedule(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}

function delayed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

/** Adds what the role delivers. Environment variables are strings by nature: they live until the child has them. */
function childEnv(delivery: Delivery, io: ShimIo): Record<string, string | undefined> {
  const env = { ...io.env };
  for (const { item, value } of delivery.env) env[item.name] = value.toString('utf8');
  return env;
}

async function deliverAndRun(
  session: Session,
  options: RunOptions,
  io: ShimIo,
  parts: { readonly executable: string; readonly files: SecretFiles; readonly signals: Signals },
): Promise<number> {
  const { executable, files, signals } = parts;
  const delivery = await signals.orInterrupted(readDelivery(session));
  let ended: Promise<number>;
  try {
    await files.write(delivery.files);
    signals.check();
    ended = runChild(
      { executable, command: options.command, env: childEnv(delivery, io) },
      signals,
    );
  } finally {
    delivery.wipe();
  }
  return await ended;
}

async function end(supply: Supply<Session> | null, files: SecretFiles, io: ShimIo): Promise<void> {
  for (const path of await files.remove()) io.note(`error: ${path}: could not be removed`);
  if (supply === null) return;
  // A renewal that hangs must not keep the process: closing the transport ends it.
  await Promise.race([supply.stop(), delayed(REVOKE_TIMEOUT_MS)]);
  const { session } = supply;
  await session.revoke(REVOKE_TIMEOUT_MS).catch((error: unknown) => {
    const why = error instanceof ShimError ? error.message : 'unknown fault';
    io.note(`warning: the token was not revoked and ends by itself: ${why}`);
  });
  session.wipe();
}

/**
 * Runs `options.command` with what its role delivers; resolves with the exit code to end with: the command's own, or
 * 128 + n when a signal ended it. @throws ShimError before the command was started
 */
export async function runWorkload(options: RunOptions, io: ShimIo): Promise<number> {
  const signals = new Signals();
  const folders = [...defaultFolders(io.env), ...options.fileFolders];
  const files = new SecretFiles({ folders, allowDisk: options.allowDisk });
  let client: AttestedClient | null = null;
  let supply: Supply<Session> | null = null;
  let interruption: InterruptedError | null = null;
  try {
    const executable = await resolveExecutable(options.command[0] ?? '', io.env.PATH);
    client = await openAttestedClient(options, io);
    const session = await signals.orInterrupted(client.logIn());
    const { logIn: again } = client;
    const note = (text: string): void => io.note(text);
    supply = new Supply(session, { logIn: again, note, schedule, clock: () => Date.now() });
    supply.start();
    return await deliverAndRun(session, options, io, { executable, files, signals });
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    io.note(error.message);
    interruption = error;
    return error.exitCode;
  } finally {
    await end(supply, files, io);
    client?.close();
    signals.release();
    if (interruption !== null) Signals.dieOf(interruption.signal);
  }
}
