/** The ledger's errors, each one line that says what, where, and what to do. */
import { OnboardError } from '../domain/errors.ts';
import { describeFailure, errorCode } from '../lib/failure.ts';

export function notWritable(path: string, cause: unknown): OnboardError {
  const message = `${path}: the ledger cannot be opened for writing: ${describeFailure(cause)}; put that right, or give another --ledger`;
  return new OnboardError('NOT_WRITABLE', message, { cause });
}

export function lost(path: string, why: string): OnboardError {
  const message = `${path}: this run has lost the ledger: ${why}; nobody is asked any more: see that no other run uses it, and run again`;
  return new OnboardError('LEDGER_FAILED', message);
}

/** What the system refused is the user's to put right; anything else is a defect of ours, and stays one. */
export function failure(path: string, cause: unknown): Error {
  if (cause instanceof OnboardError) return cause;
  if (cause instanceof Error && errorCode(cause) === '') return cause;
  const message = `${path}: the ledger could not be written: ${describeFailure(cause)}; nobody is asked any more: put that right, and run the same command again`;
  return new OnboardError('LEDGER_FAILED', message, { cause });
}
