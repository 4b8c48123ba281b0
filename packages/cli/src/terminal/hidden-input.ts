// Reads a secret from a terminal with the echo off. The echo must be off before the question shows: people type ahead.

/** A question nobody can answer. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
}

/** What is needed of a terminal. */
export interface Terminal {
  setRawMode(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
}

/** Up to the end of the line. Backspace works; Ctrl-C and Ctrl-D give up. @throws PromptError */
export function readHidden(
  terminal: Terminal,
  label: string,
  note: (text: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (error: Error | null): void => {
      terminal.off('data', onData);
      terminal.setRawMode(false);
      terminal.pause();
      note('\n');
      if (error === null) resolve(typed);
      else reject(error);
    };
    const onData = (chunk: Buffer | string): void => {
      for (const key of chunk.toString()) {
        if (key === '\r' || key === '\n') {
          finish(null);
          return;
        }
        if (key === '\u0003' || key === '\u0004') {
          finish(new PromptError('interrupted'));
          return;
        }
        if (key === '\u007f' || key === '\b') typed = [...typed].slice(0, -1).join('');
        else typed += key;
      }
    };
    terminal.setRawMode(true);
    terminal.on('data', onData);
    terminal.resume();
    note(label);
  });
}
