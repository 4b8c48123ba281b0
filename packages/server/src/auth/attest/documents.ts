// Appraisal policies and reference values: immutable documents named by the digest of their canonical JSON. A role
// pins digests, so nothing changes under it because somebody wrote a newer document.
import {
  type AppraisalPolicy,
  canonicalJson,
  digestOf,
  EvidenceError,
  parseAppraisalPolicy,
  parseReferenceValues,
  type ReferenceValues,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { ApiError, invalidRequest, StorageConflict } from '../../framework/errors.js';
import { type Listing, listKeys } from '../../framework/listing.js';
import type { Storage } from '../../framework/storage.js';

export type DocumentKind = 'policy' | 'reference-values';

/** What is stored beside a document. */
export interface StoredDocument<T> {
  readonly digest: string;
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** With defaults filled in. */
  readonly document: T;
  /** As it was given: what the digest is of. */
  readonly source: unknown;
}

/** As it lies in storage. */
interface StoredText {
  readonly digest: string;
  readonly label: string;
  readonly createdAt: number;
  readonly document: unknown;
}

const DOCUMENT_BYTES_MAX = 256 * 1024;
const LABEL_LENGTH_MAX = 256;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** One kind of document, with the parser that says what is in it. */
export class DocumentStore<T> {
  readonly #kind: DocumentKind;
  readonly #parse: (value: unknown) => T;

  constructor(kind: DocumentKind, parse: (value: unknown) => T) {
    this.#kind = kind;
    this.#parse = parse;
  }

  /** Stores the document as it was given; the same document again keeps its first label. @returns its digest */
  async put(storage: Storage, value: unknown, label: string, now: number): Promise<string> {
    if (label.length > LABEL_LENGTH_MAX) {
      throw invalidRequest(`label is longer than ${LABEL_LENGTH_MAX} characters`, 'label-too-long');
    }
    const text = this.#canonical(value);
    const digest = await digestOf(value, nodeProvider);
    const stored: StoredText = { digest, label, createdAt: now, document: JSON.parse(text) };
    const key = this.#key(digest);
    try {
      await storage.commit(
        [{ put: key, value: Buffer.from(JSON.stringify(stored)) }],
        [{ key, version: null }],
      );
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
    return digest;
  }

  #canonical(value: unknown): string {
    try {
      this.#parse(value);
      const text = canonicalJson(value);
      if (text.length <= DOCUMENT_BYTES_MAX) return text;
    } catch (error) {
      if (error instanceof EvidenceError) throw invalidRequest(error.message, error.code);
      throw error;
    }
    throw invalidRequest(
      `document is larger than ${DOCUMENT_BYTES_MAX} bytes`,
      'document-too-large',
    );
  }

  /** @throws ApiError when nothing has that digest */
  async get(storage: Storage, digest: string): Promise<StoredDocument<T>> {
    const found = await this.find(storage, digest);
    if (found !== null) return found;
    throw invalidRequest(`no ${this.#kind} document has the digest ${digest}`, 'document-unknown');
  }

  async find(storage: Storage, digest: string): Promise<StoredDocument<T> | null> {
    if (!DIGEST.test(digest)) {
      throw invalidRequest(
        'digest is not valid: want "sha256:" and 64 hex digits',
        'digest-invalid',
      );
    }
    const found = await storage.get(this.#key(digest));
    if (found === null) return null;
    const stored = JSON.parse(found.value.toString('utf8')) as StoredText;
    const { document: source } = stored;
    const seen = await digestOf(source, nodeProvider);
    if (seen !== digest) throw new ApiError('internal', 'stored document does not have its digest');
    return { ...stored, source, document: this.#parse(source) };
  }

  async list(storage: Storage, listing: Listing): Promise<readonly string[]> {
    const keys = await listKeys(storage, `${this.#kind}/`, listing);
    return keys.map((key) => `sha256:${key}`);
  }

  async delete(storage: Storage, digest: string): Promise<void> {
    await this.find(storage, digest);
    await storage.commit([{ delete: this.#key(digest) }], []);
  }

  #key(digest: string): string {
    return `${this.#kind}/${digest.slice('sha256:'.length)}`;
  }
}

export const policies: DocumentStore<AppraisalPolicy> = new DocumentStore(
  'policy',
  parseAppraisalPolicy,
);
export const referenceValues: DocumentStore<ReferenceValues> = new DocumentStore(
  'reference-values',
  parseReferenceValues,
);
