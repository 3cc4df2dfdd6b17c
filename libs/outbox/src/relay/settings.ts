import { setting } from '@nova/config';

/** How a relay paces itself. */
export interface RelaySettings {
  readonly pollIntervalMs: number;
  readonly minWindowGapMs: number;
  readonly windowRows: number;
  readonly windowBytes: number;
  readonly slowSendMs: number;
  readonly advanceIntervalMs: number;
  readonly leaseMs: number;
  readonly renewIntervalMs: number;
  readonly stopDeadlineMs: number;
  readonly parkedRetryMs: number;
}

/** The defaults of the settings below. */
export const relayDefaults: RelaySettings = {
  pollIntervalMs: 200,
  minWindowGapMs: 4,
  windowRows: 2000,
  windowBytes: 4 * 1024 * 1024,
  slowSendMs: 1000,
  advanceIntervalMs: 100,
  leaseMs: 5000,
  renewIntervalMs: 1500,
  stopDeadlineMs: 5000,
  parkedRetryMs: 1000,
};

/** Settings of the relay, `NOVA_RELAY_…`; their values are `RelaySettings`. */
export const relaySettings = {
  pollIntervalMs: setting.integer({
    env: 'NOVA_RELAY_POLL_INTERVAL_MS',
    doc: 'How often the relay looks for events when no notification comes: the safety net.',
    default: relayDefaults.pollIntervalMs,
    min: 10,
    max: 60_000,
  }),
  minWindowGapMs: setting.integer({
    env: 'NOVA_RELAY_MIN_WINDOW_GAP_MS',
    doc: 'Least time between two reads, so that one append is not one read and one send each.',
    default: relayDefaults.minWindowGapMs,
    min: 0,
    max: 1000,
  }),
  windowRows: setting.integer({
    env: 'NOVA_RELAY_WINDOW_ROWS',
    doc: 'Most events that are read and sent at a time.',
    default: relayDefaults.windowRows,
    min: 1,
    max: 20_000,
  }),
  windowBytes: setting.integer({
    env: 'NOVA_RELAY_WINDOW_BYTES',
    doc: 'Most bytes of payload that are read at a time.',
    default: relayDefaults.windowBytes,
    min: 1024,
    max: 256 * 1024 * 1024,
  }),
  slowSendMs: setting.integer({
    env: 'NOVA_RELAY_SLOW_SEND_MS',
    doc: 'A send that takes longer is waited for apart, while the other lanes flow on.',
    default: relayDefaults.slowSendMs,
    min: 50,
    max: 60_000,
  }),
  advanceIntervalMs: setting.integer({
    env: 'NOVA_RELAY_ADVANCE_INTERVAL_MS',
    doc: 'Least time between two writes of lane positions; what was sent within it is sent again after a crash.',
    default: relayDefaults.advanceIntervalMs,
    min: 0,
    max: 10_000,
  }),
  leaseMs: setting.integer({
    env: 'NOVA_RELAY_LEASE_MS',
    doc: 'How long a lane stays with a relay that no longer renews it.',
    default: relayDefaults.leaseMs,
    min: 500,
    max: 120_000,
  }),
  renewIntervalMs: setting.integer({
    env: 'NOVA_RELAY_RENEW_INTERVAL_MS',
    doc: 'How often leases are renewed; below a third of NOVA_RELAY_LEASE_MS.',
    default: relayDefaults.renewIntervalMs,
    min: 50,
    max: 40_000,
  }),
  stopDeadlineMs: setting.integer({
    env: 'NOVA_RELAY_STOP_DEADLINE_MS',
    doc: 'How long a stopping relay waits for its sends before it gives its lanes back.',
    default: relayDefaults.stopDeadlineMs,
    min: 0,
    max: 60_000,
  }),
  parkedRetryMs: setting.integer({
    env: 'NOVA_RELAY_PARKED_RETRY_MS',
    doc: 'First pause before an event that Kafka did not take is tried again; it doubles up to 30 times as much.',
    default: relayDefaults.parkedRetryMs,
    min: 50,
    max: 600_000,
  }),
};

/** What must hold between the settings. */
export const relayRules: readonly ((values: RelaySettings) => string | undefined)[] = [
  ({ leaseMs, renewIntervalMs }) =>
    renewIntervalMs * 3 <= leaseMs
      ? undefined
      : 'NOVA_RELAY_RENEW_INTERVAL_MS must be at most a third of NOVA_RELAY_LEASE_MS',
];
