/**
 * `./nova bench`: runs scenarios on a PostgreSQL and a Kafka of its own and writes what came out.
 *
 *   node bench/main.ts [NAME…] [--events N] [--rounds N] [--repeats N] [--seconds N] [--with PEER]
 *                      [--json FILE] [--compare FILE] [--report FILE]
 *   node bench/main.ts --merge FILE --merge FILE … [--json FILE] [--compare FILE] [--report FILE]
 *
 * Exit code 0 when every round of every subject was right, however fast; else 1.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@nova/errors';
import { findings } from './findings.ts';
import { killChildren } from './harness/children.ts';
import { describeMachine } from './harness/machine.ts';
import { mergeResults, parseResults } from './harness/merge.ts';
import { reportOf } from './harness/report.ts';
import {
  type BenchResults,
  failureOf,
  isSound,
  resultOf,
  type ScenarioResult,
} from './harness/results.ts';
import { type BenchServers, startServers } from './harness/servers.ts';
import type { Stage } from './harness/stage.ts';
import {
  DEFAULT_EVENTS,
  DEFAULT_ROUNDS,
  EXTRA_PEERS,
  SCENARIO_NAMES,
  type ScenarioName,
} from './names.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { TopicsUnderTest } from './workload/topics.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: String(DEFAULT_EVENTS) },
    rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
    repeats: { type: 'string', default: '2' },
    seconds: { type: 'string' },
    with: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    compare: { type: 'string' },
    merge: { type: 'string', multiple: true, default: [] },
    report: { type: 'string', default: join(import.meta.dirname, 'REPORT.md') },
  },
});
const isName = (word: string): word is ScenarioName => Object.hasOwn(SCENARIO_NAMES, word);
const say = (text: string) => void process.stderr.write(`${text}\n`);
const stopping = new AbortController();
let servers: BenchServers | undefined;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupted());
// The one who started it is gone.
process.on('disconnect', () => void interrupted());

async function interrupted(): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort(new Error('interrupted'));
  say('stopping');
  await killChildren();
  await servers?.stop();
  process.exit(1);
}

async function runScenario(name: ScenarioName, stage: Stage): Promise<ScenarioResult> {
  const scenario = scenarios[name];
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  say(`${name}: ${scenario.question}`);
  try {
    await stage.topics.skip();
    const measured = await scenario.run({ ...stage, say: (text) => say(`  ${name} ${text}`) });
    return resultOf(scenario, measured, seconds());
  } catch (thrown) {
    if (stopping.signal.aborted) throw thrown;
    say(`  ${name} could not be carried out: ${messageOf(thrown)}`);
    await killChildren();
    return failureOf(scenario, messageOf(thrown), seconds());
  }
}

const resultsIn = (file: string) => parseResults(file, readFileSync(file, 'utf8'));

/** What was measured stays; what is asked of it is that of now. */
function judgeAgain(result: ScenarioResult): ScenarioResult {
  const { name, failed, measured, seconds } = result;
  if (failed !== undefined || !isName(name)) return result;
  return resultOf(scenarios[name], measured, seconds);
}

/** Runs nothing: puts together what earlier runs have written. */
function merge(): boolean {
  const { format, runs } = mergeResults(values.merge.map(resultsIn));
  const judged = runs.map((run) => ({ ...run, scenarios: run.scenarios.map(judgeAgain) }));
  const results: BenchResults = { format, runs: judged };
  write(results);
  return isSound(results);
}

async function main(): Promise<boolean> {
  const names = positionals.filter(isName);
  const startedAt = new Date().toISOString();
  servers = await startServers();
  const sizes = {
    events: Number(values.events),
    rounds: Number(values.rounds),
    repeats: Number(values.repeats),
    seconds: values.seconds === undefined ? undefined : Number(values.seconds),
    with: EXTRA_PEERS.filter((peer) => values.with.includes(peer)),
  };
  const topics = await TopicsUnderTest.open(servers);
  const stage = { servers, topics, sizes, signal: stopping.signal, say };
  const machine = await describeMachine(servers);
  const done: ScenarioResult[] = [];
  const results: BenchResults = {
    format: 2,
    runs: [{ startedAt, machine, sizes, scenarios: done }],
  };
  for (const name of names.length === 0 ? Object.keys(SCENARIO_NAMES).filter(isName) : names) {
    done.push(await runScenario(name, stage));
    // After each, so that nothing is lost when a later one takes too long.
    write(results);
  }
  await topics.close();
  return isSound(results);
}

function write(results: BenchResults): void {
  const before = values.compare === undefined ? undefined : resultsIn(values.compare);
  writeWhole(values.report, reportOf(results, before, findings));
  if (values.json !== undefined) writeWhole(values.json, `${JSON.stringify(results, null, 2)}\n`);
}

function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const unknown = positionals.find((word) => !isName(word));
if (unknown !== undefined) {
  say(`no scenario ${unknown}; there are ${Object.keys(SCENARIO_NAMES).join(', ')}`);
  process.exitCode = 2;
} else {
  try {
    const sound = values.merge.length === 0 ? await main() : merge();
    say(`report: ${values.report}`);
    process.exitCode = sound ? 0 : 1;
  } catch (thrown) {
    if (!stopping.signal.aborted) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      // What cannot be merged is no bug.
      say((values.merge.length > 0 ? undefined : stack) ?? messageOf(thrown));
      process.exitCode = 1;
    }
  } finally {
    if (!stopping.signal.aborted) {
      await killChildren();
      await servers?.stop();
    }
  }
}
// Else it would keep this process alive.
process.channel?.unref();
