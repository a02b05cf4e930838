import { open } from 'node:fs/promises';
import { OnboardError } from '../../domain/errors.ts';
import { RESULT_COLUMNS } from '../../domain/results-columns.ts';

/** Longest header that is looked at, bytes. */
const HEADER_BYTES = 65_536;
const OURS = RESULT_COLUMNS.join(',');

/**
 * Results replace an older results CSV of ours, or nothing: a mistyped `--output` must not cost a spreadsheet.
 * @throws OnboardError NOT_WRITABLE when the file there is something else.
 */
export async function assertReplaceable(path: string): Promise<void> {
  if (path === '-') return;
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch {
    return; // nothing there, or nothing to be read: whether it can be written is asked elsewhere
  }
  try {
    if (!(await file.stat()).isFile()) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const [header = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1);
    if (
      bytesRead === 0 ||
      header.endsWith(OURS) ||
      buffer.includes(`${OURS}\n`) ||
      buffer.includes(`${OURS}\r\n`)
    )
      return;
    throw new OnboardError(
      'NOT_WRITABLE',
      `${path} exists and is no results CSV of ours: give --output another file`,
    );
  } finally {
    await file.close();
  }
}
