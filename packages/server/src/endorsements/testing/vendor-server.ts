// Stands in for Intel's and AMD's services: a real server on a real socket that answers as the test says. Tests only.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { DcapEndorsements } from '@vouchsafe/verifier';
import { encodeHex } from '@vouchsafe/verifier';
import { mintDevelopmentTls } from '@vouchsafe/verifier/testing';
import { HttpsGet, type HttpsGetOptions } from '../https-get.js';
import { collateralFacts } from '../source.js';

export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
    }
  /** Takes the request and says nothing. */
  | 'silent'
  /** Promises more than it sends, and hangs up. */
  | 'cut-short';

export class VendorServer {
  /** By path with query. What is not here is 404. */
  readonly answers = new Map<string, Answer>();
  /** Of every request, in order. */
  readonly asked: string[] = [];
  readonly #server: http.Server;
  readonly #ca: string | null;
  readonly url: string;

  private constructor(server: http.Server, ca: string | null) {
    this.#server = server;
    this.#ca = ca;
    const { port } = server.address() as AddressInfo;
    this.url = `${ca === null ? 'http' : 'https'}://localhost:${port}`;
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      const path = request.url ?? '';
      this.asked.push(path);
      this.#answer(response, this.answers.get(path) ?? { status: 404 });
    });
  }

  static async start(scheme: 'http' | 'https'): Promise<VendorServer> {
    const tls = mintDevelopmentTls({ now: new Date(), hosts: ['localhost'], addresses: [] });
    const server =
      scheme === 'http'
        ? http.createServer()
        : https.createServer({ cert: tls.certificate, key: tls.key });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    return new VendorServer(server, scheme === 'http' ? null : tls.ca);
  }

  client(options: Pick<HttpsGetOptions, 'clock'> & Partial<HttpsGetOptions>): HttpsGet {
    return new HttpsGet({ timeoutMs: 10_000, ca: this.#ca, ...options });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(response: http.ServerResponse, answer: Answer): void {
    if (answer === 'silent') return;
    if (answer === 'cut-short') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('short', () => response.destroy());
      return;
    }
    response.writeHead(answer.status ?? 200, { ...answer.headers });
    response.end(answer.body ?? '');
  }
}

/** As a PCCS answers about TDX or SGX: issuer chains in headers, the root's list in hex. */
export function servePcs(
  server: VendorServer,
  collateral: DcapEndorsements,
  platform: { readonly fmspc: string; readonly ca: 'platform' | 'processor' },
): void {
  const signed = (member: string, text: string, signature: Uint8Array): string =>
    `{"${member}":${text},"signature":"${encodeHex(signature)}"}`;
  const header = (name: string, chain: string) => ({ [name]: encodeURIComponent(chain) });
  const { answers } = server;
  const { tee } = collateralFacts(collateral);
  const own = `/${tee.toLowerCase()}/certification/v4`;
  answers.set(`${own}/tcb?fmspc=${platform.fmspc}`, {
    headers: header('TCB-Info-Issuer-Chain', collateral.tcbInfoIssuerChain),
    body: signed('tcbInfo', collateral.tcbInfo, collateral.tcbInfoSignature),
  });
  answers.set(`${own}/qe/identity`, {
    headers: header('SGX-Enclave-Identity-Issuer-Chain', collateral.qeIdentityIssuerChain),
    body: signed('enclaveIdentity', collateral.qeIdentity, collateral.qeIdentitySignature),
  });
  answers.set(`/sgx/certification/v4/pckcrl?ca=${platform.ca}&encoding=der`, {
    headers: header('SGX-PCK-CRL-Issuer-Chain', collateral.pckCrlIssuerChain),
    body: collateral.pckCrl,
  });
  answers.set('/sgx/certification/v4/rootcacrl', { body: encodeHex(collateral.rootCaCrl) });
}
