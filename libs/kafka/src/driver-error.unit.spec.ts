import { describe, expect, it } from '@jest/globals';
import { brokerErrorType, driverError } from './driver-error.ts';
import { errors } from './errors.ts';

const typed = (type: string) => Object.assign(new Error('from the broker'), { type });
const around = (cause: unknown) => new Error('number of retries exceeded', { cause });

describe('driverError', () => {
  it('calls what a broker will always refuse refused, from anywhere in the causes', () => {
    const wrapped = driverError(around(around(typed('MESSAGE_TOO_LARGE'))), ['b:1'], 'take it');
    expect(wrapped.kind).toBe(errors.KAFKA_REFUSED);
    expect(wrapped.message).toContain('MESSAGE_TOO_LARGE');
  });

  it.each([typed('NOT_LEADER_FOR_PARTITION'), new Error('connect ECONNREFUSED'), 'a text'])(
    'calls everything else unavailable: %s',
    (thrown) => {
      const wrapped = driverError(thrown, ['b:1', 'c:2'], 'answer');
      expect(wrapped.kind).toBe(errors.KAFKA_UNAVAILABLE);
      expect(wrapped.message).toContain('b:1,c:2');
      expect(wrapped.cause).toBe(thrown);
    },
  );
});

describe('brokerErrorType', () => {
  it('finds the type in errors that come together', () => {
    const together = Object.assign(new Error('several'), { errors: [typed('POLICY_VIOLATION')] });
    expect(brokerErrorType(together)).toBe('POLICY_VIOLATION');
  });

  it('finds it as @platformatic/kafka tells it, below what has no cause', () => {
    const protocol = Object.assign(new Error('too large'), { apiId: 'MESSAGE_TOO_LARGE' });
    const response = new AggregateError([new Error('another'), protocol], 'response with error');
    const thrown = new AggregateError([response], 'Producing messages failed.');
    expect(brokerErrorType(thrown)).toBe('MESSAGE_TOO_LARGE');
    expect(driverError(thrown, ['b:1'], 'take it').kind).toBe(errors.KAFKA_REFUSED);
    const unknown = Object.assign(new Error('Unknown topic t.'), { code: 'PLT_KFK_USER' });
    expect(brokerErrorType(unknown)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('gives the innermost reason where nothing else tells one', () => {
    const thrown = new AggregateError([new Error('connect ECONNREFUSED')], 'failed 6 times');
    expect(driverError(thrown, ['b:1'], 'answer').message).toContain(
      'failed 6 times (connect ECONNREFUSED)',
    );
  });

  it('ends with causes that go round', () => {
    const error = new Error('round');
    error.cause = error;
    expect(brokerErrorType(error)).toBeUndefined();
  });
});
