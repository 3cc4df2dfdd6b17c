/** A place in the log: dense and in commit order within the log's life, valid within its epoch. */
export interface LogPosition {
  /** Random id of the server incarnation that gave the position. */
  readonly epoch: string;
  readonly position: bigint;
}

const DIGITS = 19;
const MAX_POSITION = 2n ** 63n - 1n;
const POSITION = /^([0-9A-Za-z_-]{1,64})-(\d{19})$/;

/**
 * The text of a position in every API and header: "<epoch>-<19 digits>". Within an epoch, texts
 * sort as positions do.
 */
export function formatPosition(position: LogPosition): string {
  return `${position.epoch}-${formatSequence(position.position)}`;
}

/** Reads what {@link formatPosition} wrote; undefined for anything else. */
export function parsePosition(text: string): LogPosition | undefined {
  const [, epoch, digits] = POSITION.exec(text) ?? [];
  if (epoch === undefined || digits === undefined) return undefined;
  const position = BigInt(digits);
  return position > MAX_POSITION ? undefined : { epoch, position };
}

/** A version or position padded with zeros to 19 digits, so that texts sort as numbers do. */
export function formatSequence(sequence: bigint): string {
  return sequence.toString().padStart(DIGITS, '0');
}
