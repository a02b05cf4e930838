import { visible } from './safe-text.ts';

/** Exit codes of the process. Source: the design's table; mirrored in the README and `--help`. */
export const EXIT = {
  ok: 0,
  defect: 1,
  usage: 2,
  cohort: 3,
  incomplete: 4,
  safety: 5,
  locked: 6,
  again: 75,
  sigint: 130,
  sigterm: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_BY_CODE = {
  USAGE: EXIT.usage,
  CONFIG: EXIT.usage,
  NOT_WRITABLE: EXIT.usage,
  LEDGER_ORIGIN: EXIT.usage,
  LEDGER_DAMAGED: EXIT.usage,
  COHORT_UNREADABLE: EXIT.cohort,
  COHORT_COLUMNS: EXIT.cohort,
  LOCKED: EXIT.locked,
  LEDGER_FAILED: EXIT.again,
  RESULTS_FAILED: EXIT.again,
  RESULTS_STALE: EXIT.again,
  REDIS_UNREACHABLE: EXIT.again,
} as const satisfies Record<string, ExitCode>;
type ErrorCode = keyof typeof EXIT_BY_CODE;

interface OnboardErrorOptions {
  readonly cause?: unknown;
  /** Command to type next, after the tool's name, quoted for a shell. */
  readonly command?: string;
}

function endingWith(said: string, tool: string, command: string | undefined): string {
  return command === undefined ? said : `${said}: ${tool} ${command}`;
}

/**
 * Error that the user can act on (any other thrown error is a defect, exit 1). `message` is one line: what, where, what
 * to do; names of files in it are escaped for a terminal.
 */
export class OnboardError extends Error {
  readonly code: ErrorCode;
  readonly said: string;
  readonly command: string | undefined;

  constructor(code: ErrorCode, message: string, { command, ...options }: OnboardErrorOptions = {}) {
    super(endingWith(visible(message), 'group-onboard', command), options);
    this.name = 'OnboardError';
    this.code = code;
    this.said = visible(message);
    this.command = command;
  }

  /** Message with the full command. @param tool the tool's invocation, quoted for a shell */
  messageFor(tool: string): string {
    return endingWith(this.said, tool, this.command);
  }

  get exitCode(): ExitCode {
    return EXIT_BY_CODE[this.code];
  }
}

/** Error for a command line or a configuration that makes no sense. */
export function usage(message: string, options: OnboardErrorOptions = {}): OnboardError {
  return new OnboardError('CONFIG', message, options);
}

/** Error for a file whose columns do not fit. */
export function unfitColumns(message: string, options: OnboardErrorOptions = {}): OnboardError {
  return new OnboardError('COHORT_COLUMNS', message, options);
}
