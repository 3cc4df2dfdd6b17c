import { describe, expect, it } from '@jest/globals';
import type { Logger } from '@nova/telemetry';
import { type LogEntry, logLevel } from 'kafkajs';
import { driverLog } from './driver-log.ts';

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
