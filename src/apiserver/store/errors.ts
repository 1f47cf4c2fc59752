import { errorText } from '../../util/log.ts';

/** The store on disk cannot be opened, read or written; the message is for the person who runs the server. */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(cause === undefined ? message : `${message}: ${errorText(cause)}`, { cause });
    this.name = 'StoreError';
  }
}
