import { describe, expect, it } from '@jest/globals';
import { defineErrors, NovaError } from '@nova/errors';
import { createLogger, type LogLevel, withSpan } from './index.ts';

const errors = defineErrors({
  SPEC_BROKEN: { message: 'broken', status: 'INTERNAL', retry: 'never', blame: 'bug', hint: '-' },
});

function logging(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'spec',
    level,
    destination: { write: (line) => void lines.push(line) },
  });
  const parsed = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, parsed };
}

describe('the logger', () => {
  it('writes one JSON line with time, level, service, fields and a fixed message', () => {
    const { logger, lines, parsed } = logging();
    logger.child({ component: 'relay' }).info({ lane: 7, position: 12n }, 'lane moved');
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(parsed()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'info',
        service: 'spec',
        component: 'relay',
        lane: 7,
        position: '12',
        msg: 'lane moved',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = logging('warn');
    logger.debug({}, 'one');
    logger.info({}, 'two');
    logger.warn({}, 'three');
    logger.error({}, 'four');
    expect(lines).toHaveLength(2);
  });

  it('carries the ids of the span it is called in, and none outside', async () => {
    const { logger, parsed } = logging();
    logger.info({}, 'outside');
    await withSpan('outer', {}, async () => {
      logger.info({}, 'before');
      await withSpan('inner', {}, async () => logger.info({}, 'within'));
    });
    const [outside, before, within] = parsed();
    expect(outside).not.toHaveProperty('trace_id');
    expect(before?.['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    expect(before?.['span_id']).toMatch(/^[0-9a-f]{16}$/);
    expect(within?.['trace_id']).toBe(before?.['trace_id']);
  });

  it('logs errors with code, stack and causes, but nothing else that hangs on them', () => {
    const { logger, lines, parsed } = logging();
    const driver = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(ada@example.org) already exists.',
      parameters: ['ada@example.org'],
    });
    logger.error({ err: new NovaError(errors.SPEC_BROKEN, {}, { cause: driver }) }, 'failed');
    expect(parsed()[0]?.['err']).toMatchObject({
      type: 'NOVA_SPEC_BROKEN',
      code: 'NOVA_SPEC_BROKEN',
      stack: expect.stringContaining('logger.unit.spec.ts'),
      cause: { message: 'duplicate key', code: '23505' },
    });
    expect(lines[0]).not.toContain('ada@example.org');
  });

  it('masks credentials in the text of errors', () => {
    const { logger, lines } = logging();
    const cause = new Error('authorization: Bearer abc.def-ghi');
    logger.warn(
      { err: new Error('cannot reach postgres://nova:s3cret@db:5432/nova', { cause }) },
      'no database',
    );
    expect(lines[0]).toContain('postgres://nova:********@db:5432/nova');
    expect(lines[0]).toContain('Bearer ********');
    expect(lines[0]).not.toMatch(/s3cret|abc\.def/);
  });

  it('masks fields that are named like secrets, should one ever be passed', () => {
    const { logger, lines } = logging();
    const slipped: object = { password: 'hunter2', peer: '::1' };
    logger.info(slipped, 'hello');
    expect(lines[0]).not.toContain('hunter2');
  });

  it('survives everything that can be thrown', () => {
    const { logger, lines } = logging();
    const cyclic = new Error('round');
    cyclic.cause = cyclic;
    const thrown = [undefined, null, 'text', 7, Symbol('s'), Object.create(null), cyclic];
    for (const err of thrown) logger.error({ err }, 'failed');
    logger.error({ err: new AggregateError([new Error('a'), 'b']) }, 'failed');
    expect(lines).toHaveLength(thrown.length + 1);
  });
});
