import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { LANES } from '@nova/events';
import { stopwatch, type TestDatabase, waitFor } from '@nova/testkit';

const PROGRAM = fileURLToPath(new URL('../../fixtures/relay-process.ts', import.meta.url));

/** Relays as processes of their own, over one log. */
export class RelayCrowd {
  readonly #test: TestDatabase;
  readonly #brokers: readonly string[];
  readonly #leaseMs: number;
  readonly #children = new Map<string, ChildProcess>();

  constructor(test: TestDatabase, brokers: readonly string[], leaseMs: number) {
    this.#test = test;
    this.#brokers = brokers;
    this.#leaseMs = leaseMs;
  }

  start(relayId: string): void {
    const args = [PROGRAM, this.#test.url, this.#brokers.join(','), relayId, String(this.#leaseMs)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#children.set(relayId, child);
  }

  signal(relayId: string, signal: NodeJS.Signals): void {
    this.#children.get(relayId)?.kill(signal);
  }

  /** How many lanes each relay holds. */
  async owners(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#test.database.query<{ owner: string; lanes: bigint }>(
      `SELECT owner, count(*) AS lanes FROM outbox_lanes
       WHERE owner IS NOT NULL AND lease_until > clock_timestamp() GROUP BY owner`,
    );
    return new Map(rows.map(({ owner, lanes }) => [owner, Number(lanes)]));
  }

  /** Resolves with how long it took until these, and nobody else, hold all lanes. */
  async heldBy(relayIds: readonly string[], withinMs: number): Promise<number> {
    const watch = stopwatch();
    await waitFor(
      async () => {
        const owners = await this.owners();
        const held = [...owners.values()].reduce((sum, lanes) => sum + lanes, 0);
        const isRight = [...owners.keys()].every((owner) => relayIds.includes(owner));
        return isRight && held === LANES;
      },
      { withinMs, what: `all lanes with ${relayIds.join(', ')}`, everyMs: 20 },
    );
    return watch.ms();
  }

  /** Resolves when each of these has its share. */
  async shared(relayIds: readonly string[], withinMs: number): Promise<void> {
    const share = Math.ceil(LANES / relayIds.length);
    await waitFor(
      async () => {
        const owners = await this.owners();
        return relayIds.every((relayId) => {
          const lanes = owners.get(relayId) ?? 0;
          return lanes > 0 && lanes <= share;
        });
      },
      { withinMs, what: `a share for each of ${relayIds.length} relays` },
    );
  }

  /** From now on the database notes moves of lanes by whoever does not hold them, and who inherits them. */
  async watchMoves(): Promise<void> {
    for (const statement of [
      'CREATE TABLE moves (total bigint NOT NULL)',
      'INSERT INTO moves VALUES (0)',
      'CREATE TABLE wrong_moves (lane smallint, mover text, owner text, term bigint)',
      'CREATE TABLE inherited (lane smallint, owner text, after_ms float8)',
      `CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.position <> OLD.position THEN
           UPDATE moves SET total = total + 1;
           IF current_setting('application_name') <> OLD.owner
              OR OLD.lease_until <= statement_timestamp() OR NEW.position < OLD.position THEN
             INSERT INTO wrong_moves
             VALUES (NEW.lane, current_setting('application_name'), OLD.owner, OLD.term);
           END IF;
         END IF;
         IF OLD.owner IS NOT NULL AND NEW.owner <> OLD.owner THEN
           INSERT INTO inherited VALUES (NEW.lane, OLD.owner,
             1000 * extract(epoch FROM clock_timestamp() - OLD.lease_until));
         END IF;
         RETURN NEW;
       END $$`,
      `CREATE TRIGGER note_move BEFORE UPDATE ON outbox_lanes
       FOR EACH ROW EXECUTE FUNCTION note_move()`,
    ]) {
      await this.#test.database.query(statement);
    }
  }

  /**
   * How long after the end of its lease each lane that this relay left was taken, by the clock of the
   * database. Milliseconds, the longest last.
   */
  async inheritedAfterMs(relayId: string): Promise<readonly number[]> {
    const rows = await this.#test.database.query<{ after_ms: number }>(
      'SELECT after_ms FROM inherited WHERE owner = $1 ORDER BY after_ms',
      [relayId],
    );
    return rows.map(({ after_ms: afterMs }) => afterMs);
  }

  /** Every move was made by the relay that held the lane. */
  async expectRightMoves(): Promise<void> {
    const [moves] = await this.#test.database.query<{ total: bigint }>('SELECT total FROM moves');
    expect(moves?.total).toBeGreaterThan(0n);
    expect(await this.#test.database.query('SELECT * FROM wrong_moves')).toEqual([]);
  }

  /** Kills all that still run. */
  async end(): Promise<void> {
    for (const child of this.#children.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

/**
 * Stops one relay after the other past its lease while events come, and lets it go on when others
 * have its lanes.
 */
export async function stopPastTheLease(
  crowd: RelayCrowd,
  relayIds: readonly string[],
  rounds: number,
  { leaseMs }: { readonly leaseMs: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const sleeper = relayIds[round % relayIds.length] ?? '';
    const others = relayIds.filter((one) => one !== sleeper);
    crowd.signal(sleeper, 'SIGSTOP');
    await crowd.heldBy(others, leaseMs + 10_000);
    crowd.signal(sleeper, 'SIGCONT');
    await waitFor(async () => ((await crowd.owners()).get(sleeper) ?? 0) > 0, {
      withinMs: leaseMs + 10_000,
      what: `${sleeper} takes part anew in round ${round}`,
      everyMs: 20,
    });
  }
}
