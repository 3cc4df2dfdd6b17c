/** What names an aggregate. */
export interface AggregateName {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** "type/id": the key of every map over aggregates, and the order in which marks are locked. */
export function aggregateKey({ aggregateType, aggregateId }: AggregateName): string {
  return `${aggregateType}/${aggregateId}`;
}
