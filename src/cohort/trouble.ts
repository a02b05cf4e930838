import type { ReasonCode } from '../domain/reasons.ts';

/** Why a cell cannot be used, before it is known in which column it stands. `message` is one sentence. */
export interface Trouble {
  readonly code: ReasonCode;
  readonly message: string;
}

export function trouble(code: ReasonCode, message: string): Trouble {
  return { code, message };
}
