import type { OutboxEvent } from './local-event.ts';

/** What nova said about an event. */
export type ForwardOutcome =
  /** In the log, now or since before; `position` where it was stored by this call. */
  | { readonly outcome: 'stored'; readonly position?: string }
  /** Not in the log. `head`: the last version of its aggregate that is, where nova told. */
  | {
      readonly outcome: 'refused';
      readonly reason: string;
      readonly message: string;
      readonly head?: bigint;
    };

/** What nova answered: one outcome per event; or that it no longer has what it had taken before. */
export type ForwardAnswer =
  | { readonly answer: 'outcomes'; readonly outcomes: readonly ForwardOutcome[] }
  | { readonly answer: 'lost' };

/** The log of nova as a forwarder sees it; service-kit makes one of gRPC. */
export interface MeshLog {
  /**
   * Hands over events in their order, at most 500 and 900 KiB.
   *
   * @param last the last position that was answered
   * @throws when nobody knows what became of them; they are sent again
   */
  forward(events: readonly OutboxEvent[], last: string | undefined): Promise<ForwardAnswer>;
}
