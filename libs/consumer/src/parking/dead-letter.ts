/** A copy of a parked event, for a topic of dead letters. */
export interface DeadLetter {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** Those of the record, and Spring's with Spring's encodings; see conventions §4. */
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** Takes copies of parked events; service-kit sends them to Kafka. */
export interface DeadLetters {
  /** Resolves when the letter is stored; rejects when that is not known. */
  send(letter: DeadLetter): Promise<void>;
}
