import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { Readiness } from '@nova/lifecycle';
import { partConformance } from '@nova/lifecycle/testing';
import { errors } from './errors.ts';
import { type OpsSources, opsServer } from './ops-server.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

function sources(changes: Partial<OpsSources> = {}): OpsSources & { readiness: Readiness } {
  const readiness = new Readiness();
  return {
    service: 'try-service',
    readiness,
    metrics: () => Promise.resolve('# nothing\n'),
    insights: {},
    ...changes,
  } as OpsSources & { readiness: Readiness };
}

const running: { stop(): Promise<void> }[] = [];

async function serve(from: OpsSources) {
  const part = opsServer(ANY_PORT, from);
  await part.start();
  running.push(part);
  const base = `http://127.0.0.1:${part.address()?.port}`;
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${base}${path}`, init);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
}

afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

describe('opsServer', () => {
  it('says alive whatever the parts say', async () => {
    const from = sources();
    from.readiness.set('postgres', 'down', 'gone');
    const get = await serve(from);
    expect((await get('/health/live')).status).toBe(200);
  });

  it('is ready while degraded, and not when a part is down; it names the parts', async () => {
    const from = sources();
    const get = await serve(from);
    from.readiness.set('postgres', 'ready');
    from.readiness.set('kafka', 'degraded', 'no broker answers');
    const degraded = await get('/health/ready');
    expect(degraded.status).toBe(200);
    expect(JSON.parse(degraded.text)).toEqual({
      status: 'degraded',
      service: 'try-service',
      parts: [
        { name: 'kafka', condition: 'degraded', reason: 'no broker answers' },
        { name: 'postgres', condition: 'ready', reason: '' },
      ],
    });
    from.readiness.set('postgres', 'down', 'gone');
    expect((await get('/health/ready')).status).toBe(503);
  });

  it('tells the insights, and of a failing one why', async () => {
    const get = await serve(
      sources({
        insights: {
          log: () => Promise.resolve({ head: 7n }),
          lanes: () => Promise.reject(new Error('no database')),
        },
      }),
    );
    const { status, text } = await get('/health/cqrs');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      log: { head: '7' },
      lanes: { error: 'no database' },
    });
  });

  it('gives the metrics as Prometheus text', async () => {
    const get = await serve(sources());
    const { text, headers } = await get('/metrics?x=1');
    expect(text).toBe('# nothing\n');
    expect(headers.get('content-type')).toContain('version=0.0.4');
  });

  it('answers 404 with the paths there are, and 405 to a write', async () => {
    const get = await serve(sources());
    expect((await get('/')).text).toContain('/health/ready');
    expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
  });

  it('names the busy port and its setting', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const bound = holder.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const part = opsServer({ host: '127.0.0.1', port }, sources());
    const thrown: unknown = await part.start().catch((error: unknown) => error);
    expect(isNovaError(thrown, errors.SERVICE_PORT_BUSY)).toBe(true);
    expect(String(thrown)).toContain(`${port}`);
    await new Promise((resolve) => holder.close(resolve));
  });
});

partConformance('opsServer', () => {
  const part = opsServer(ANY_PORT, sources());
  let port = 0;
  return Promise.resolve({
    part,
    isWorking: async () => {
      port = part.address()?.port ?? port;
      if (port === 0) return false;
      return fetch(`http://127.0.0.1:${port}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
  });
});
