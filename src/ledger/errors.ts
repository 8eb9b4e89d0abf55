export type OpenFailure =
  | 'locked'
  | 'corrupt'
  | 'mismatch'
  | 'read_only'
  | 'newer'
  | 'foreign'
  | 'full'
  | 'missing'
  | 'cannot_open';

/** The ledger cannot be opened; the message names the file and the mend. */
export class LedgerOpenError extends Error {
  override name = 'LedgerOpenError';
  readonly reason: OpenFailure;

  constructor(reason: OpenFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Another server, or another ledger of this process, has the file. */
export class LedgerLocked extends LedgerOpenError {
  override name = 'LedgerLocked';

  constructor(message: string) {
    super('locked', message);
  }
}
