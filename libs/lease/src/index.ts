/**
 * Lanes that processes share by leases: of the relays those of the log, of a consumer's members
 * those of its effects.
 *
 *   leaseStore   the statements over a table of lanes and a table of members; the tables' owner
 *                names them
 *   FairShare    keeps a member's share: lanes divided by the members that live, rounded up
 *
 * A lease is judged by the database's clock and ends by itself; each tenure has a new term, and
 * every write of a holder names owner or term and asks for a lease that has not ended. So a process
 * that was stopped past its lease changes nothing when it wakes.
 */
export { FairShare, type FairShareOptions, type LaneHolder } from './fair-share.ts';
export type { HeldLane, LaneTerm } from './lane.ts';
export { type LeaseStore, type LeaseTables, leaseStore, type Others } from './lease-store.ts';
