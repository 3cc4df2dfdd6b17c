import type { ExtraPeer } from '../names.ts';
import type { Stage } from './stage.ts';

/** Something that is measured in every round of a scenario. */
export interface Metric {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

/** What is to be reached, as a ratio to another subject of the same rounds or, without one, as it is. */
export interface Target {
  readonly what: string;
  readonly metric: string;
  readonly of: string;
  readonly against?: string;
  /** Asked only where this peer took part. */
  readonly with?: ExtraPeer;
  readonly floor?: number;
  readonly aim?: number;
}

/** What came out of a subject's turn in a round. */
export interface Outcome {
  /** By the key of the metric. */
  readonly values: Readonly<Record<string, number>>;
  /** What the oracle found to be wrong; undefined when everything arrived, once and in order. */
  readonly wrong?: string | undefined;
  /** Share of the machine that went to others meanwhile; undefined where unknown. */
  readonly foreign?: number | undefined;
}

/** What is compared: its turn comes once in every round, after the turns of those before it. */
export interface Subject {
  readonly name: string;
  run(round: number): Promise<Outcome>;
}

/** A turn that counts, and how often it had to be repeated before. */
export interface Round extends Outcome {
  readonly repeated: number;
}

/** All that was measured of a subject. */
export interface Measured {
  readonly subject: string;
  readonly rounds: readonly Round[];
}

/** A question, and how it is answered. */
export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
  readonly metrics: readonly Metric[];
  readonly targets: readonly Target[];
  run(stage: Stage): Promise<readonly Measured[]>;
}
