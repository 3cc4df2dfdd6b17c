/** The channel on which appends wake relays and tails, after the commit and outside of it. */
export const WAKE_CHANNEL = 'nova_outbox_wake';
