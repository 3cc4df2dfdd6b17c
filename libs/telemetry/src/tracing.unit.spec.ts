import { afterEach, describe, expect, it } from '@jest/globals';
import { currentTraceContext, parseTraceContext, withSpan } from './index.ts';
import { recordSpans, type SpanRecorder } from './testing.ts';

const REMOTE = {
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'vendor=1',
};

describe('spans without a recorder', () => {
  it('make ids that stay the same within a call', async () => {
    const seen = await withSpan('outer', {}, async () => {
      const before = currentTraceContext();
      await new Promise(setImmediate);
      return [before, await withSpan('inner', {}, async () => currentTraceContext())];
    });
    expect(seen[0]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(seen[1]?.traceparent).toBe(seen[0]?.traceparent);
    expect(currentTraceContext()).toBeUndefined();
  });

  it('hand on a remote trace unchanged', async () => {
    const seen = await withSpan('server', { parent: REMOTE }, async () => currentTraceContext());
    expect(seen).toEqual(REMOTE);
  });

  it('do not mix calls that run at the same time', async () => {
    const call = () =>
      withSpan('call', {}, async () => {
        const before = currentTraceContext();
        await new Promise(setImmediate);
        return [before?.traceparent, currentTraceContext()?.traceparent];
      });
    const calls = await Promise.all(Array.from({ length: 50 }, call));
    expect(calls.every(([before, after]) => before === after)).toBe(true);
    expect(new Set(calls.map(([before]) => before)).size).toBe(50);
  });

  it('throw on what the work throws', async () => {
    const failing = withSpan('failing', {}, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
  });
});

describe('spans with a recorder', () => {
  let recorder: SpanRecorder;
  afterEach(() => recorder.stop());

  it('form one trace from a remote parent down to failures', async () => {
    recorder = recordSpans();
    await withSpan('server', { kind: 'server', parent: REMOTE }, async (span) => {
      span.setAttributes({ 'nova.events': 2 });
      await withSpan('append', {}, () => Promise.reject(new TypeError('no'))).catch(() => {});
    });
    const [append, server] = recorder.spans();
    expect(server).toMatchObject({
      name: 'server',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      attributes: { 'nova.events': 2 },
      failed: false,
    });
    expect(append).toMatchObject({
      traceId: server?.traceId,
      parentSpanId: server?.spanId,
      attributes: { 'error.type': 'TypeError' },
      failed: true,
    });
  });

  it('keep the events of a batch as links', async () => {
    recorder = recordSpans();
    await withSpan('send', { kind: 'producer', links: [REMOTE] }, async () => {});
    expect(recorder.spans()[0]).toMatchObject({
      parentSpanId: undefined,
      links: ['4bf92f3577b34da6a3ce929d0e0e4736'],
    });
  });
});

describe('a trace context from a header', () => {
  it.each([
    [REMOTE.traceparent, true],
    ['01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later', true],
    ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', false],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', false],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', false],
    ['00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01', false],
    ['nonsense', false],
    ['', false],
    [undefined, false],
  ])('%s is usable: %s', (traceparent, usable) => {
    expect(parseTraceContext(traceparent) !== undefined).toBe(usable);
  });

  it('drops a state that is too long, not the trace', () => {
    expect(parseTraceContext(REMOTE.traceparent, `a=${'x'.repeat(600)}`)).toEqual({
      traceparent: REMOTE.traceparent,
    });
  });
});
