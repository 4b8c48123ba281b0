// Shows a request instead of sending it: as a curl command or as the policy it needs. Must never show the token.
import type { Transport, TransportRequest, TransportResponse } from '@vouchsafe/client';

/** Carries the text out of the command that would have sent the request. */
export class Preview extends Error {
  override readonly name = 'Preview';
  readonly text: string;
  constructor(text: string) {
    super('the request was not sent');
    this.text = text;
  }
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `programName` prints the token when the command is run. */
export function curlString(
  request: TransportRequest,
  address: string,
  programName: string,
  tls: { readonly caFile?: string | null; readonly skipVerify?: boolean },
): string {
  const words = ['curl'];
  if (request.method !== 'GET') words.push('-X', request.method);
  if (tls.skipVerify) words.push('--insecure');
  if (tls.caFile) words.push('--cacert', shellQuote(tls.caFile));
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === 'Accept') continue;
    if (name === 'X-Vault-Token')
      words.push('-H', `"X-Vault-Token: $(${programName} print token)"`);
    else words.push('-H', shellQuote(`${name}: ${value}`));
  }
  if (request.body !== null) {
    words.push('-d', shellQuote(Buffer.from(request.body).toString('utf8')));
  }
  const socket = address.startsWith('unix://') ? address.slice('unix://'.length) : null;
  if (socket !== null) words.push('--unix-socket', shellQuote(socket));
  return [
    ...words,
    shellQuote((socket === null ? address : 'http://localhost') + request.path),
  ].join(' ');
}

/** The least a token needs for this request. */
export function policyText(request: TransportRequest): string {
  const [path = '', query = ''] = request.path.replace(/^\/v1\//, '').split('?', 2);
  const lists = new URLSearchParams(query).get('list') === 'true';
  const capabilities: Readonly<Record<string, readonly string[]>> = {
    GET: lists ? ['list'] : ['read'],
    PUT: ['create', 'update'],
    POST: ['create', 'update'],
    PATCH: ['patch'],
    DELETE: ['delete'],
  };
  const words = (capabilities[request.method] ?? []).map((word) => JSON.stringify(word));
  const name = JSON.stringify(decodeURIComponent(path));
  return `path ${name} {\n  capabilities = [${words.join(', ')}]\n}`;
}

/** A transport that sends nothing. */
export class PreviewTransport implements Transport {
  readonly address: string;
  readonly #show: (request: TransportRequest) => string;

  constructor(address: string, show: (request: TransportRequest) => string) {
    this.address = address;
    this.#show = show;
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    return Promise.reject(new Preview(this.#show(request)));
  }

  close(): void {}
}
