// Collects every mistake of a configuration, so that an operator sees them all at once, and the warnings.
// Messages name file, line and key; values are shown only where they are one of a few known words.
import { HclError, type Position } from '../hcl/tree.js';

export interface ConfigProblem {
  readonly file: string;
  /** 0 when the problem is not at a place, such as a missing stanza. */
  readonly line: number;
  /** Stable: config-malformed, config-unknown-key, config-bad-value, config-missing, config-unsupported, … */
  readonly code: string;
  /** `FILE:LINE: what: what to do`. */
  readonly message: string;
}

/** @property problems at least one, in the order of files and lines */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => problem.message).join('\n'));
    this.problems = problems;
  }
}

function placed(file: string, line: number, detail: string): string {
  return line === 0 ? `${file}: ${detail}` : `${file}:${line}: ${detail}`;
}

export class ProblemList {
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: string[] = [];

  add(file: string, at: Position | null, code: string, detail: string): void {
    const line = at?.line ?? 0;
    this.#problems.push({ file, line, code, message: placed(file, line, detail) });
  }

  warn(file: string, at: Position, detail: string): void {
    this.#warnings.push(placed(file, at.line, detail));
  }

  /** What `work` gives, or null after keeping the HclError that it threw. */
  attempt<T>(file: string, work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HclError)) throw error;
      this.add(file, error.at, error.code.replace('hcl-', 'config-'), error.detail);
      return null;
    }
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** @throws ConfigError when there is any problem */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}
