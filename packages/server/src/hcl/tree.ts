// What HCL1 and its JSON form are read into: one tree, with positions, in which both forms look alike.
// Values come from an operator or a policy author and are never echoed in an error.

/** Counted from 1; the column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type HclValue =
  | { readonly kind: 'string'; readonly value: string; readonly at: Position }
  | {
      readonly kind: 'number';
      readonly value: number;
      /** As written, for what is not a quantity. */
      readonly text: string;
      readonly at: Position;
    }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly at: Position }
  | { readonly kind: 'list'; readonly items: readonly HclValue[]; readonly at: Position }
  | { readonly kind: 'object'; readonly items: readonly HclItem[]; readonly at: Position };

/**
 * `key = value`, or a block `key "label" … { … }`, whose value is an object. The same key may occur many times:
 * whether that is a repetition or a mistake is for the reader to say.
 */
export interface HclItem {
  readonly key: string;
  readonly labels: readonly string[];
  readonly value: HclValue;
  readonly at: Position;
}

/** Bounds on one text, all held before or while it is read. */
export interface HclLimits {
  readonly bytesMax: number;
  /** Objects and lists inside each other. */
  readonly depthMax: number;
  /** Items and values in the whole text. */
  readonly nodesMax: number;
}

export const DEFAULT_HCL_LIMITS: HclLimits = {
  bytesMax: 1024 * 1024,
  depthMax: 32,
  nodesMax: 100_000,
};

export type HclErrorCode =
  | 'hcl-malformed'
  | 'hcl-too-large'
  | 'hcl-too-complex'
  | 'hcl-wrong-type'
  | 'hcl-duplicate-key'
  | 'hcl-unknown-key'
  | 'hcl-bad-value';

/** @property detail what is wrong, without the position; `message` has both. Neither holds a value of the text. */
export class HclError extends Error {
  override readonly name = 'HclError';
  readonly code: HclErrorCode;
  readonly at: Position;
  readonly detail: string;

  constructor(code: HclErrorCode, at: Position, detail: string) {
    super(`line ${at.line}, column ${at.column}: ${detail}`);
    this.code = code;
    this.at = at;
    this.detail = detail;
  }
}
