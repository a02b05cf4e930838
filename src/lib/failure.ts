/** What the operating system's error codes mean to the person at the keyboard. */
const MEANING: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'disk quota used up',
  EFBIG: 'file size limit reached',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk reports an input/output error',
  EPIPE: 'the reader has closed it',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ELOOP: 'the links lead in a circle',
  ENODEV: 'the device is gone',
  ENXIO: 'the device is gone',
  ESTALE: 'the network file system has lost the file',
  EBUSY: 'it is in use',
  ENOMEM: 'out of memory',
  EAGAIN: 'no more processes may be started',
};

/** The `code` of a system error (`ENOSPC`), or '' for anything else. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

/** Whether the system refused something, which its owner has to put right: no defect of this tool. */
export function isSystemRefusal(error: unknown): boolean {
  return errorCode(error) in MEANING;
}

/** One phrase for a failed file operation: `disk full (ENOSPC)`. Never holds a path: the caller names the file. */
export function describeFailure(error: unknown): string {
  const code = errorCode(error);
  const meaning = MEANING[code];
  if (meaning !== undefined) return `${meaning} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
