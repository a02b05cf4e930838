/**
 * The lock of the file itself, whatever name leads to it. The lock beside the ledger is found by name; a file that is
 * mounted in two places has two, and a lock's folder can be removed. The kernel knows the file by its number, and gives
 * an abstract socket of that name to one process at a time, which loses it by ending, however it ends.
 *
 * Linux only, and within one network namespace (one container, say): beyond it, `own-file.ts` notices the other one.
 */
import { createServer } from 'node:net';
import { platform } from 'node:process';
import { errorCode } from '../lib/files.ts';

export interface Claim {
  release(): Promise<void>;
}

const NOTHING: Claim = { release: async () => undefined };

/** undefined: another process has this file. */
export function claimFile({ dev, ino }: { dev: bigint; ino: bigint }): Promise<Claim | undefined> {
  if (platform !== 'linux') return Promise.resolve(NOTHING);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error) => {
      // Without such sockets there is the lock beside the ledger.
      resolve(errorCode(error) === 'EADDRINUSE' ? undefined : NOTHING);
    });
    server.listen({ path: `\0group-onboard-ledger-${dev}-${ino}` }, () => {
      server.unref();
      resolve({ release: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
