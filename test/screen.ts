import { Writable } from 'node:stream';
import xterm from '@xterm/headless';

/** A terminal without a window: what a person would see of what is written to it. */
export interface Screen {
  /** A terminal's output as a process has it. */
  readonly stream: NodeJS.WriteStream;
  /** Everything that was ever shown, scrolled out or not, one line of the terminal each; none are empty at the end. */
  text(): Promise<string>;
  /** The lines that are continued in the next one, because they did not fit. */
  wrapped(): Promise<readonly string[]>;
  resize(columns: number, rows?: number): Promise<void>;
  /** What a key that was pressed is shown as by the terminal itself. */
  echo(text: string): void;
  /** Whether the terminal still wraps lines, and shows its cursor. */
  modes(): Promise<{ readonly wrap: boolean; readonly cursor: boolean }>;
}

export function screen(columns: number, rows = 24): Screen {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 10_000,
    convertEol: true,
    allowProposedApi: true,
  });
  const shown = () => new Promise<void>((resolve) => terminal.write('', resolve));
  const all = async () => {
    await shown();
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, at) => active.getLine(at)).filter(
      (line) => line !== undefined,
    );
  };
  let sent = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent += chunk.toString();
      terminal.write(chunk);
      done();
    },
  });
  Object.assign(stream, { isTTY: true, columns, rows });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    text: async () => {
      const lines = await all();
      return lines
        .map((line) => line.translateToString(true))
        .join('\n')
        .trimEnd();
    },
    wrapped: async () => {
      const lines = await all();
      return lines.filter((line) => line.isWrapped).map((line) => line.translateToString(true));
    },
    resize: async (to, height = rows) => {
      await shown();
      terminal.resize(to, height);
      Object.assign(stream, { columns: to, rows: height });
      stream.emit('resize');
      await shown();
    },
    echo: (text) => terminal.write(text),
    modes: async () => {
      await shown();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that hides the cursor
      const told = [...sent.matchAll(/\u001b\[\?25([hl])/g)].at(-1)?.[1];
      return { wrap: terminal.modes.wraparoundMode, cursor: told !== 'l' };
    },
  };
}
