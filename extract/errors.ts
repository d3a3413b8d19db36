import { UserError } from '../core/errors.ts';

/** Raised when an archive, or the file in it, is not what the FEC publishes; nothing of it is loaded. */
export class ArchiveError extends UserError {
  override readonly name = 'ArchiveError';
  /** The archive, as the user named it. */
  readonly path: string;

  constructor(path: string, message: string, parts: { hint?: string; cause?: unknown } = {}) {
    super(message, {
      where: path,
      exitCode: 1,
      hint:
        parts.hint ?? `fetch ${path.split('/').at(-1)} again from fec.gov and run the load again`,
      cause: parts.cause,
    });
    this.path = path;
  }
}
