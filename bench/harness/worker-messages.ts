/** What a worker's work came to. */
export interface WorkEnd {
  readonly values: Readonly<Record<string, number>>;
  /** One number per event, for example when each was seen. */
  readonly lists?: Readonly<Record<string, readonly number[]>>;
  /** Processor time of the worker between go and end. */
  readonly cpuSeconds: number;
  readonly maxRssMb: number;
}

/** What a worker tells the one who started it. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly end: WorkEnd }
  | { readonly failed: string };

/** A role that is ready to go. */
export interface Prepared {
  /** The work that is measured. */
  go(): Promise<Pick<WorkEnd, 'values' | 'lists'>>;
  stop(): Promise<void>;
}
