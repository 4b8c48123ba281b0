// What a running command works with: a client made from flags and environment, and ways to print. Must never print a
// token unless the token is what was asked for.
import {
  Client,
  type Envelope,
  type ExactJson,
  parseExactJson,
  stringifyExactJson,
} from '@vouchsafe/client';
import { type ConnectionSettings, NodeTransport } from '@vouchsafe/client/node';
import { UsageError, type Values } from '../arguments/flag.js';
import { findField, formatEnvelope } from '../output/envelope.js';
import { goText } from '../output/go-text.js';
import { formatYaml } from '../output/yaml.js';
import { CommandError, type Situation } from '../session/explain.js';
import { chooseConnection, type connectionFlags, type Format } from '../session/options.js';
import { curlString, PreviewTransport, policyText } from '../session/preview.js';
import { findStoredToken } from '../session/token-file.js';
import { PromptError } from '../terminal/hidden-input.js';
import type { Io } from '../terminal/io.js';

type Answer = Partial<Envelope>;

/** JSON keeps the envelope's order and sorts what is inside, as Vault's command does. */
function orderedAnswer(answer: Answer): Record<string, unknown> {
  const { request_id, lease_id, lease_duration, renewable, data, warnings } = answer;
  const ordered: Record<string, unknown> = {
    request_id: request_id ?? '',
    lease_id: lease_id ?? '',
    lease_duration: lease_duration ?? 0,
    renewable: renewable ?? false,
    data: data === null || data === undefined ? null : sorted(data),
    warnings: warnings ?? null,
  };
  if (answer.auth) ordered.auth = answer.auth;
  if (answer.wrap_info) ordered.wrap_info = answer.wrap_info;
  if (answer.mount_type) ordered.mount_type = answer.mount_type;
  return ordered;
}

function sorted(value: unknown): unknown {
  return parseExactJson(stringifyExactJson(value as ExactJson, { sortKeys: true }));
}

export class Context {
  readonly io: Io;
  readonly format: Format;
  /** From -field, null if not given. */
  readonly field: string | null;
  readonly interactive: boolean;
  readonly #connection: Values<typeof connectionFlags>;
  #client: Client | null = null;
  #sending: Client | null = null;
  #situation: Situation;

  constructor(
    io: Io,
    format: Format,
    field: string | null,
    connection: Values<typeof connectionFlags>,
  ) {
    this.io = io;
    this.format = format;
    this.field = field;
    this.interactive = !connection['non-interactive'];
    this.#connection = connection;
    this.#situation = { name: io.name, address: '', hasToken: false };
  }

  /** What hints may know by now. */
  get situation(): Situation {
    return this.#situation;
  }

  /** Where to connect, for what speaks to the server itself; asks nobody. @throws UsageError, InvalidRequestError */
  get connection(): ConnectionSettings {
    const settings = chooseConnection(this.#connection, this.io.env);
    this.#situation = { ...this.#situation, address: settings.address };
    return settings;
  }

  #connect(): { readonly client: Client; readonly sending: Client } {
    const settings = chooseConnection(this.#connection, this.io.env);
    const { address, tls } = settings;
    const transport = new NodeTransport({ address, tls });
    if (tls.skipVerify && transport.address.startsWith('https:')) {
      this.io.note('warning: the server’s certificate is not checked (-tls-skip-verify)');
    }
    const token = settings.token ?? findStoredToken(this.io.env);
    const sending = new Client({
      transport,
      token,
      namespace: settings.namespace,
      wrapTtl: settings.wrapTtl,
      retriesMax: settings.retriesMax,
      timeoutMs: settings.timeoutMs,
      headers: settings.headers,
      parseJson: parseExactJson,
      stringifyJson: (value) => stringifyExactJson(value as ExactJson),
    });
    this.#situation = {
      name: this.io.name,
      address: transport.address,
      hasToken: token !== null,
    };
    const asCurl = this.#connection['output-curl-string'];
    if (!asCurl && !this.#connection['output-policy']) return { client: sending, sending };
    const preview = new PreviewTransport(transport.address, (request) =>
      asCurl ? curlString(request, transport.address, this.io.name, tls) : policyText(request),
    );
    return { client: sending.with({ transport: preview }), sending };
  }

  /** The server, or with -output-curl-string a stand-in that shows the first request. @throws InvalidRequestError */
  get client(): Client {
    if (this.#client === null) {
      const { client, sending } = this.#connect();
      this.#client = client;
      this.#sending = sending;
    }
    return this.#client;
  }

  /** Always the server: for questions that only find out which request to make. */
  get sendingClient(): Client {
    void this.client;
    return this.#sending ?? this.client;
  }

  /** Lets go of connections, so that the process can end. */
  close(): void {
    this.#sending?.transport.close();
  }

  /** One line, or several, on standard output. */
  line(text: string): void {
    this.io.write(`${text}\n`);
  }

  /** A secret from the terminal without echo, or the first line of standard input when that is no terminal. */
  async ask(label: string): Promise<string> {
    if (!this.interactive)
      throw new PromptError(`${label}: not given, and -non-interactive is set`);
    const { io } = this;
    const text = io.inputIsTerminal
      ? await io.readHidden(`${label} (will be hidden): `)
      : await io.readLine();
    if (text.trim() === '') throw new PromptError(`${label}: nothing given`);
    return text.trim();
  }

  /** Prints data in the chosen format; `table` is called for tables alone. */
  show(data: unknown, table: () => string): void {
    if (this.format === 'json' || this.format === 'raw') {
      this.line(stringifyExactJson(data as ExactJson, { indent: 2 }));
    } else if (this.format === 'yaml') {
      this.line(formatYaml(data as ExactJson));
    } else {
      const text = table();
      if (text !== '') this.line(text);
    }
  }

  /** Prints data whose members a reader wants sorted. */
  showSorted(data: unknown, table: () => string): void {
    this.show(this.format === 'table' ? data : sorted(data), table);
  }

  /** Prints warnings of the server; JSON and YAML carry them inside. */
  showWarnings(answer: Answer | null): void {
    const warnings = answer?.warnings ?? [];
    if (warnings.length === 0 || this.format !== 'table') return;
    this.io.note('WARNING! The server adds:\n');
    for (const warning of warnings) this.io.note(`  * ${warning.replaceAll('\n', '\n    ')}\n`);
  }

  /** Prints a whole answer, or the field that was asked for. @throws CommandError 1 when it has no such field */
  showAnswer(answer: Answer): void {
    if (this.field !== null) {
      this.showField(answer, this.field);
      return;
    }
    this.showWarnings(answer);
    this.show(this.format === 'table' ? answer : orderedAnswer(answer), () =>
      formatEnvelope(answer),
    );
  }

  /** Prints one field's bare value. @throws CommandError 1 */
  showField(answer: Answer, field: string): void {
    this.showValue(findField(answer, field), field);
  }

  /** Prints a bare value; undefined means there is none. @throws CommandError 1 */
  showValue(value: unknown, field: string): void {
    if (value === undefined) throw new CommandError(`Field "${field}" not present in secret`, 1);
    if (this.format !== 'table') {
      this.showSorted(value, () => '');
      return;
    }
    // In a script the value alone is wanted; on a terminal the prompt should not follow it.
    this.io.write(goText(value) + (this.io.outputIsTerminal ? '\n' : ''));
  }
}

/** Null becomes Vault's refusal, exit code 2. */
export function requireFound<T>(answer: T | null, path: string, hint = ''): T {
  if (answer === null) throw new CommandError(`No value found at ${path}`, 2, hint);
  return answer;
}

/** Drops slashes at both ends, as Vault's command does with paths; blanks around are a typing error. */
export function cleanPath(path: string): string {
  const clean = path.trim().replace(/^\/+/, '');
  if (clean === '') throw new UsageError('path: must not be empty');
  return clean;
}

/** A mount's path with its slash at the end. */
export function mountPath(path: string): string {
  return `${cleanPath(path).replace(/\/+$/, '')}/`;
}
