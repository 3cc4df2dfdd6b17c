import { describe, expect, it } from '@jest/globals';
import type { Logger } from '@nova/telemetry';
import { type LogEntry, logLevel } from 'kafkajs';
import { driverLog } from './log.ts';

function recording() {
  const lines: string[] = [];
  const logger: Logger = {
    debug: () => lines.push('debug'),
    info: () => lines.push('info'),
    warn: ({ reason }) => lines.push(`warn ${reason}`),
    error: () => lines.push('error'),
    child: () => logger,
  };
  return { lines, logger };
}

const entry = (level: logLevel, message: string): LogEntry => ({
  namespace: 'Connection',
  level,
  label: 'LABEL',
  log: { message, timestamp: '' },
});

describe('driverLog', () => {
  it('makes warnings of errors, once per half minute, and debug lines of the rest', () => {
    const { lines, logger } = recording();
    let now = 0;
    const log = driverLog(
      logger,
      () => now,
      () => false,
    )();
    log(entry(logLevel.ERROR, 'connection refused'));
    log(entry(logLevel.ERROR, 'connection refused'));
    log(entry(logLevel.ERROR, 'something else'));
    log(entry(logLevel.WARN, 'limiting retries'));
    now = 31_000;
    log(entry(logLevel.ERROR, 'connection refused'));
    expect(lines).toEqual([
      'warn connection refused',
      'debug',
      'warn something else',
      'debug',
      'warn connection refused',
    ]);
  });

  it('does not warn of a rebalance, which every group goes through', () => {
    const { lines, logger } = recording();
    const log = driverLog(
      logger,
      () => 0,
      () => false,
    )();
    const heartbeat = entry(logLevel.ERROR, 'Response Heartbeat(key: 12, version: 3)');
    const error = 'The group is rebalancing, so a rejoin is needed';
    log({ ...heartbeat, log: { ...heartbeat.log, error } });
    log({ ...heartbeat, log: { ...heartbeat.log, error: 'The coordinator is loading' } });
    expect(lines).toEqual([
      'debug',
      'warn Response Heartbeat(key: 12, version: 3): The coordinator is loading',
    ]);
  });

  it('says nothing of a client that was thrown away', () => {
    const { lines, logger } = recording();
    driverLog(
      logger,
      () => 0,
      () => true,
    )()(entry(logLevel.ERROR, 'closed'));
    expect(lines).toEqual([]);
  });
});
