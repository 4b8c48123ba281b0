// Says what went wrong and what to do next. Hints are guesses from the error and say so by being hints. Must never
// hold a token or anything that was sent in a body.
import { ApiResponseError, InvalidRequestError, TransportError } from '@vouchsafe/client';
import { UsageError } from '../arguments/flag.js';
import { PromptError } from '../terminal/hidden-input.js';

/** What a hint may know about the situation. */
export interface Situation {
  /** Name of the program, for commands to type. */
  readonly name: string;
  readonly address: string;
  readonly hasToken: boolean;
}

/** A command could not do what it was asked. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly hint: string;
  constructor(message: string, exitCode: number, hint = '', cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Names what was being done, for the message: 'reading secret/x'. Other errors pass as they are. */
export async function during<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiResponseError || error instanceof TransportError) {
      throw new CommandError(`Error ${doing}: ${describe(error)}`, 2, '', error);
    }
    throw error;
  }
}

function describe(error: ApiResponseError | TransportError): string {
  if (error instanceof TransportError) return error.message;
  const texts = [...error.errors, ...error.warnings].map((text) => `* ${text.trim()}`).join('\n');
  const head = `Error making API request.\n\nURL: ${error.method} ${error.url}\nCode: ${error.status}.`;
  return texts === '' ? `${head} Errors:` : `${head} Errors:\n\n${texts}`;
}

function hintForTransport(error: TransportError, { name, address }: Situation): string {
  const plain = address.replace(/^https:/, 'http:');
  const secure = address.replace(/^http:/, 'https:');
  const secured = address.startsWith('https:');
  switch (error.kind) {
    case 'connect':
      return error.code === 'ECONNREFUSED' || error.code === 'ENOENT'
        ? `no server answers at ${address}; start one with "${name} server -dev", or name another with -address or VOUCHSAFE_ADDR`
        : 'check the host in -address or VOUCHSAFE_ADDR, and the network';
    case 'tls':
      if (/^(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH)/.test(error.code)) {
        return `the server seems to speak plain HTTP; try -address=${plain}`;
      }
      if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
        return 'the certificate is for another name; give it with -tls-server-name, or use the address it names';
      }
      if (error.code === 'CERT_HAS_EXPIRED') return 'the server needs a new certificate';
      return 'name the CA that signed the server’s certificate with -ca-cert or VOUCHSAFE_CACERT';
    case 'timeout':
      return 'give it longer with VOUCHSAFE_CLIENT_TIMEOUT, or check that the address is right';
    default:
      return secured
        ? `check that a Vouchsafe or Vault server listens at ${address}`
        : `the server may want TLS; try -address=${secure}`;
  }
}

function hintForAnswer(error: ApiResponseError, { name, address, hasToken }: Situation): string {
  const text = error.errors.join('\n');
  if (/HTTP request to an HTTPS server/i.test(text)) {
    return `the server wants TLS; try -address=${address.replace(/^http:/, 'https:')}`;
  }
  if (/not (yet )?initialized/i.test(text)) return `set the server up with "${name} operator init"`;
  if (error.status === 503 && /sealed/i.test(text)) {
    return `the server is sealed; unseal it with "${name} operator unseal"`;
  }
  const path = error.url.replace(/^.*?\/v1\//, '');
  if (error.status === 403 && /^auth\/.*\/login(\/|$)/.test(path)) {
    return `check the credentials, and with "${name} auth list" that the method is mounted there`;
  }
  if (error.status === 403 && !/^sys\/(init|unseal|seal-status|leader)$/.test(path)) {
    return hasToken
      ? `the token may have expired or lack a policy; see "${name} token lookup" and "${name} token capabilities PATH"`
      : `no token was sent; log in with "${name} login", or set VOUCHSAFE_TOKEN`;
  }
  if (error.status === 404 && /no handler for route/.test(text)) {
    return `nothing is mounted there; "${name} secrets list" and "${name} auth list" show what is`;
  }
  if (error.status === 405 || /unsupported path/.test(text))
    return `"${name} path-help PATH" shows what a path can do`;
  if (error.status === 429)
    return 'the server limits how often it may be asked; wait and try again';
  return '';
}

/** What to do next, '' when nothing better than the message comes to mind. */
export function hintFor(error: unknown, situation: Situation): string {
  if (error instanceof CommandError && error.hint !== '') return error.hint;
  const cause = error instanceof CommandError ? error.cause : error;
  if (cause instanceof TransportError) return hintForTransport(cause, situation);
  if (cause instanceof ApiResponseError) return hintForAnswer(cause, situation);
  return error instanceof UsageError ? error.hint : '';
}

/** Exit code and message of whatever a command threw; null for a fault of the program itself. */
export function explain(error: unknown): { readonly code: number; readonly text: string } | null {
  if (error instanceof CommandError) return { code: error.exitCode, text: error.message };
  if (error instanceof UsageError) return { code: 1, text: error.message };
  if (error instanceof InvalidRequestError) return { code: 1, text: error.message };
  if (error instanceof PromptError) return { code: 1, text: error.message };
  if (error instanceof ApiResponseError || error instanceof TransportError) {
    return { code: 2, text: `Error: ${describe(error)}` };
  }
  return null;
}
