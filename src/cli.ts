#!/usr/bin/env node
/** Entry point: argv, environment, signals → exit code. The only file that touches `process`. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { forgiven, shellWords } from './app/exit.ts';
import type { Io, StopSignal } from './app/io.ts';
import { invocation, program } from './cli/program.ts';
import { hushDebug, jsonLine, wantsJson, writeJsonLines } from './cli/stderr.ts';
import { EXIT, type ExitCode, OnboardError } from './domain/errors.ts';
import { removeTemporaries } from './lib/atomic-file.ts';
import { describeFailure, errorCode, isSystemRefusal } from './lib/files.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const json = wantsJson(process.argv.slice(2), process.env);
if (json) {
  writeJsonLines(process.stderr);
  // Node writes its own warnings past every stream.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => process.stderr.write(jsonLine('warn', `${name}: ${message}`)));
}

// The modules that would print are loaded later, by the command.
const hushed = hushDebug(process);
if (hushed) process.stderr.write(`group-onboard: ${hushed}\n`);

/**
 * Handler of a stop signal in the running command. undefined before the work has begun and after it is done: then the
 * process ends at once. It must do so itself, because the kernel would not end PID 1 of a container.
 */
let onStop: ((signal: StopSignal) => void) | undefined;
/** Whether a command has begun its work: people may have been asked. */
let begun = false;
/** Exit codes that the user wants to end as 0. */
let okCodes: readonly ExitCode[] = [];
const given = (exit: ExitCode) => (okCodes.includes(exit) ? EXIT.ok : exit);
function stop(signal: StopSignal): void {
  const handler = onStop;
  onStop = undefined;
  if (handler) {
    handler(signal);
    return;
  }
  // Also the second signal, from a person who will not wait. The ledger is append-only and is intact at any instant. A
  // bar may stand in the last line: the shell's next output begins below it.
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.exit(given(signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm));
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
process.on('exit', removeTemporaries);

const tool = invocation({ script: process.argv[1] ?? '', cwd: process.cwd(), env: process.env });
const io: Io = {
  env: process.env,
  command: [...tool, ...process.argv.slice(2)],
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal(handler) {
    onStop = handler;
    begun = true;
    return () => {
      onStop = undefined;
    };
  },
};

/** Message for an operation that the system refused; undefined for other errors. */
function refusalOf(error: unknown): string | undefined {
  if (isSystemRefusal(error)) {
    const what = describeFailure(error);
    return errorCode(error) === 'EMFILE' ? `${what}, raise the limit (ulimit -n)` : what;
  }
  // With too few handles, node does not find existing modules.
  if (begun || errorCode(error) !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return 'a part of this tool cannot be loaded: it is not installed whole, or too few files may be open (ulimit -n)';
}

/** Prints the last message of a failed command. Returns its exit code. */
function tell(exit: ExitCode, message: string): ExitCode {
  const asZero = forgiven(exit, okCodes);
  const text = `${message}${asZero ? `; ${asZero}` : ''}`;
  process.stderr.write(json ? jsonLine('error', text, { exit_code: exit }) : `group-onboard: ${text}\n`);
  return exit;
}

/**
 * Explains an error in one line if the user can act on it; a defect of ours asks for a report, with its stack only on
 * request.
 */
function explain(error: unknown): ExitCode {
  if (error instanceof OnboardError) return tell(error.exitCode, error.messageFor(shellWords(tool)));
  const refusal = refusalOf(error);
  if (refusal !== undefined) {
    const what = `${refusal}: put that right, and run the same command again`;
    return tell(begun ? EXIT.again : EXIT.usage, what);
  }
  const message = error instanceof Error ? error.message : String(error);
  tell(EXIT.defect, `a defect of this tool: ${message.split('\n')[0]}`);
  if (process.env['GROUP_ONBOARD_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT.defect;
}

// A reader that goes away (`| head`) must not end a run that is sending messages.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// Should never happen; if it does, one line reports it, and the ledger holds what was done.
process.on('uncaughtException', (error) => process.exit(explain(error)));

let exit: ExitCode = EXIT.ok;
try {
  const done = (code: ExitCode) => {
    exit = code;
  };
  const begins = (codes: readonly ExitCode[]) => {
    okCodes = codes;
  };
  await program(io, version, done, begins).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) exit = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else exit = explain(error);
}
process.exitCode = given(exit);
// An open connection or a pending name lookup must not keep the process alive. Output is flushed first.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
process.exit();
