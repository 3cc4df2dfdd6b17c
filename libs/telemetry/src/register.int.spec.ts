import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const register = fileURLToPath(new URL('./register.ts', import.meta.url));
const index = new URL('./index.ts', import.meta.url).href;

// A process as services are: it says what span it was in and leaves after its last flush.
const PROGRAM = `
  const { withSpan, currentTraceContext, stopTelemetry } = await import(${JSON.stringify(index)});
  await withSpan('work', {}, async () => console.log('traceparent', currentTraceContext().traceparent));
  const startedAt = performance.now();
  await stopTelemetry();
  console.log('flushed after', performance.now() - startedAt);
  process.exit(0);
`;

async function start(environment: Record<string, string>) {
  const args = ['--import', register, '--input-type=module', '-e', PROGRAM];
  const { stdout, stderr } = await run(process.execPath, args, { env: environment });
  return { stdout, stderr };
}

describe('the preload', () => {
  it('is silent without OTEL variables, and ids flow all the same', async () => {
    const { stdout, stderr } = await start({});
    expect(stdout).toMatch(/^traceparent 00-[0-9a-f]{32}-[0-9a-f]{16}-00\nflushed/);
    expect(stderr).toBe('');
  }, 20_000);

  // Loading the SDK takes a second or two on a busy machine.
  it('sends spans where the standard variables say', async () => {
    const { stdout } = await start({ OTEL_TRACES_EXPORTER: 'console' });
    const [, traceId] = /traceparent 00-([0-9a-f]{32})-[0-9a-f]{16}-01/.exec(stdout) ?? [];
    expect(traceId).toBeDefined();
    expect(stdout).toContain(`traceId: '${traceId}'`);
    expect(stdout).toContain("name: 'work'");
  }, 20_000);

  it('does not hold the process when the collector is away', async () => {
    const { stdout } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const [, waitedMs] = /flushed after ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(waitedMs)).toBeLessThan(4000);
  }, 20_000);
});
