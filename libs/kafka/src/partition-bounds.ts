/** What a partition holds now. */
export interface PartitionBounds {
  /** Offset of its first record, or `end` where it has none. */
  readonly begin: bigint;
  /** Offset that its next record will get. */
  readonly end: bigint;
}
