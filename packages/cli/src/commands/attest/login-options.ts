// What `run` and `attest login` have in common: the flags of an attested login, and what they mean together with the
// environment. A host must not be able to choose the server: the identity to expect is a flag of the image.
import { findVariable } from '@vouchsafe/client/node';
import {
  AttestationRefusedError,
  type AttestedLoginOptions,
  attesterNames,
  bindingChoices,
  defaultSimulatedFormat,
  exitCodes,
  GRAMINE_PATH,
  parseServerIdentity,
  ShimError,
  type SimulatedFormat,
  simulatedFormats,
  TSM_PATH,
} from '@vouchsafe/shim';
import {
  choiceFlag,
  defaultedFlag,
  textFlag,
  UsageError,
  type Values,
} from '../../arguments/flag.js';
import { CommandError } from '../../session/explain.js';
import type { Context } from '../context.js';

export const simulatedFormatFlag = textFlag(
  `Which kind of TEE to simulate: ${simulatedFormats.join(', ')}; without it, ${defaultSimulatedFormat}. Also VOUCHSAFE_SIMULATED_FORMAT.`,
  { valueName: 'FORMAT' },
);

/** The flag's value, or the environment's. @throws UsageError for a format that is not simulated */
export function chooseSimulatedFormat(context: Context, flag: string | null): SimulatedFormat {
  const wanted = flag ?? findVariable(context.io.env, 'SIMULATED_FORMAT');
  if (wanted === null) return defaultSimulatedFormat;
  const found = simulatedFormats.find((format) => format === wanted);
  if (found !== undefined) return found;
  throw new UsageError(`-simulated-format: want one of ${simulatedFormats.join(', ')}`);
}

export const attestedLoginFlags = {
  role: textFlag('Role to log in with. Also VOUCHSAFE_ROLE.', { valueName: 'NAME' }),
  mount: defaultedFlag('Where the attest method is mounted.', 'attest', { valueName: 'PATH' }),
  attester: choiceFlag('What makes the evidence.', attesterNames, 'auto'),
  'server-identity': textFlag(
    'SHA-256 of the server’s identity key: refuse every other server before telling it anything. Also VOUCHSAFE_SERVER_IDENTITY.',
    { valueName: 'HEX' },
  ),
  binding: choiceFlag(
    'What ties the evidence to this login: the workload’s key, or the TLS connection too. A proxy that ends TLS allows only key.',
    bindingChoices,
    'auto',
  ),
  'tsm-path': textFlag(
    `Where Linux has its report interface; without it, ${TSM_PATH}. Also VOUCHSAFE_TSM_PATH.`,
    { valueName: 'FOLDER' },
  ),
  'gramine-path': textFlag(
    `Where Gramine has its attestation files; without it, ${GRAMINE_PATH}. Also VOUCHSAFE_GRAMINE_PATH.`,
    { valueName: 'FOLDER' },
  ),
  'simulated-tee': textFlag(
    'The server’s -dev-tee folder: simulate a TEE with its keys where there is none. Proves nothing. Also VOUCHSAFE_SIMULATED_TEE.',
    { valueName: 'FOLDER' },
  ),
  'simulated-format': simulatedFormatFlag,
} as const;

/** @throws UsageError, ShimError */
export function chooseLoginOptions(
  context: Context,
  flags: Values<typeof attestedLoginFlags>,
  command: readonly string[],
): AttestedLoginOptions {
  const { env } = context.io;
  const { address, tls, timeoutMs, namespace } = context.connection;
  if (namespace !== null) throw new UsageError('-namespace: cannot be combined with this command');
  const role = flags.role ?? findVariable(env, 'ROLE');
  if (role === null || role === '') throw new UsageError('-role must be given');
  const mount = flags.mount.replace(/^\/*(auth\/)?/, '').replace(/\/+$/, '');
  if (mount === '') throw new UsageError('-mount: must not be empty');
  const pin = flags['server-identity'] ?? findVariable(env, 'SERVER_IDENTITY');
  if (tls.skipVerify === true && address.startsWith('https:')) {
    context.io.note('warning: the server’s certificate is not checked (-tls-skip-verify)');
  }
  return {
    address,
    tls,
    role,
    mount,
    attester: flags.attester,
    serverIdentity: pin === null ? null : parseServerIdentity(pin),
    binding: flags.binding,
    tsmPath: flags['tsm-path'] ?? findVariable(env, 'TSM_PATH') ?? TSM_PATH,
    graminePath: flags['gramine-path'] ?? findVariable(env, 'GRAMINE_PATH') ?? GRAMINE_PATH,
    simulatedTee: flags['simulated-tee'] ?? findVariable(env, 'SIMULATED_TEE'),
    simulatedFormat: chooseSimulatedFormat(context, flags['simulated-format']),
    command,
    timeoutMs,
  };
}

/** A fault of the shim as a command ends with it; anything else passes as it is. */
export function asCommandError(error: unknown, exitCode: number | null): unknown {
  if (error instanceof UsageError || error instanceof CommandError) return error;
  if (error instanceof ShimError) {
    const label = error instanceof AttestationRefusedError ? '' : ` [${error.code}]`;
    const code = exitCode ?? error.exitCode;
    return new CommandError(`Error: ${error.message}${label}`, code, error.hint, error.cause);
  }
  if (!(error instanceof Error) || error.name !== 'InvalidRequestError') return error;
  return new CommandError(`Error: ${error.message}`, exitCode ?? exitCodes.shimFailed, '', error);
}
