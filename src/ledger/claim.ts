/**
 * Lock of the file itself, under any name. The lock next to the ledger is found by name, but a file mounted in two
 * places has two names, and a lock's folder can be removed. An abstract socket named after the file's inode belongs to
 * one process at a time, and the kernel frees it when the process ends, in any way.
 *
 * Linux only, and within one network namespace (e.g. one container): beyond it, `own-file.ts` detects the other
 * process.
 */
import { createServer } from 'node:net';
import { platform } from 'node:process';
import { errorCode } from '../lib/files.ts';

export interface Claim {
  release(): Promise<void>;
}

const NOTHING: Claim = { release: async () => undefined };

/** Claims the file; resolves to undefined if another process has it. */
export function claimFile({ dev, ino }: { dev: bigint; ino: bigint }): Promise<Claim | undefined> {
  if (platform !== 'linux') return Promise.resolve(NOTHING);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error) => {
      // Without such sockets, the lock next to the ledger remains.
      resolve(errorCode(error) === 'EADDRINUSE' ? undefined : NOTHING);
    });
    server.listen({ path: `\0group-onboard-ledger-${dev}-${ino}` }, () => {
      server.unref();
      resolve({ release: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
