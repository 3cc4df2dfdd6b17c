import { type Setting, setting } from '@nova/config';

/** How a forwarder paces itself. */
export interface ForwarderSettings {
  readonly forwardPollMs: number;
  readonly forwardLeaseMs: number;
  readonly forwardRetryMs: number;
  readonly keepForwardedMs: number;
}

/** Settings of a team's own outbox, `NOVA_OUTBOX_…`; their values are `ForwarderSettings`. */
export const forwarderSettings: { readonly [name in keyof ForwarderSettings]: Setting<number> } = {
  forwardPollMs: setting.integer({
    env: 'NOVA_OUTBOX_POLL_MS',
    doc: 'How often the outbox is looked at when nobody has said that something was committed.',
    default: 200,
    min: 10,
    max: 60_000,
  }),
  forwardLeaseMs: setting.integer({
    env: 'NOVA_OUTBOX_LEASE_MS',
    doc: 'How long the outbox stays with an instance that no longer forwards, before another takes over.',
    default: 5000,
    min: 500,
    max: 120_000,
  }),
  forwardRetryMs: setting.integer({
    env: 'NOVA_OUTBOX_RETRY_MS',
    doc: 'First pause before an event that nova refused is sent again; it doubles up to 60 times as much.',
    default: 1000,
    min: 50,
    max: 600_000,
  }),
  keepForwardedMs: setting.integer({
    env: 'NOVA_OUTBOX_KEEP_MS',
    doc: 'How long forwarded events are kept, to be sent again should nova lose the end of its log.',
    default: 3_600_000,
    min: 0,
    max: 604_800_000,
  }),
};
