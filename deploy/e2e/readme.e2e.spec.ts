import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandsOf } from './document.ts';
import { prepareStack, root } from './stack.ts';

/** What a reader sees after a command, where that is said in the README. */
const SHOWN: readonly [command: RegExp, output: RegExp][] = [
  [/^\.\/nova up/, /localhost:\d+/],
  [/CreateConversation/, /"created": true[\s\S]*"sequenceNumber": "1"/],
  [/ListUserConversations/, /"content": "Lunch at the harbour\?"[\s\S]*"unreadCount": 1/],
  [/GetNotifications/, /"kind": "direct_message"[\s\S]*"body": "Lunch at the harbour\?"/],
  [/SearchMessages/, /"text": "Lunch at the harbour\?"/],
  [/^grpcurl/, /"aggregateVersion": "1"/],
  [/^kcat/, /^550e8400-e29b-41d4-a716-446655440000 \{.*"hello"/m],
  [/^\.\/nova tail/, /message_created/],
  [/^\.\/nova publish/, /message_created/],
  [/^\.\/nova status/, /relay/],
];

const stack = prepareStack(6000);
afterAll(() => stack.remove(), 60_000);

describe('the README', () => {
  const readme = commandsOf('README.md');
  // The test command runs this very spec.
  const runnable = readme.filter((command) => command !== './nova test');

  beforeAll(() => expect(runnable.length).toBeGreaterThan(5));

  it('names the command that CI runs', () => {
    expect(readme).toContain('./nova test');
    expect(readFileSync(join(root, '.ci/run'), 'utf8')).toMatch(/^exec \.\/nova test$/m);
  });

  it.each(runnable)(
    'has a command that works: %s',
    async (command) => {
      const shown = SHOWN.find(([pattern]) => pattern.test(command))?.[1] ?? /^/;
      const run = () => stack.shell(command);
      const { code, stdout, stderr } = await (FOLLOWS.test(command) ? shownBy(run, shown) : run());
      expect({ code, output: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, output: '' });
      expect(stdout).toMatch(shown);
    },
    180_000,
  );
});

/** What an operator sees after a command of the drill, where its page says so. */
const DRILL: readonly [command: RegExp, output: RegExp][] = [
  [/^\.\/nova tail/, /^kept\nrestored$/m],
  [/^\.\/nova status/, /log: 0 events to publish/],
  [/outbox_epochs/, /^t$/m],
  [/user_view/, /^restored$/m],
];

describe('the backup drill', () => {
  it('puts the log back to its backup as its page says, with relay and views going along', async () => {
    const commands = commandsOf('docs/runbooks/backup-and-restore.md');
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      const shown = DRILL.find(([pattern]) => pattern.test(command))?.[1] ?? /^/;
      // Relay and views follow a moment later.
      const { code, stdout, stderr } = await shownBy(() => stack.shell(command), shown);
      const output = code === 0 ? '' : stdout + stderr;
      expect({ command, code, output }).toEqual({ command, code: 0, output: '' });
      expect(stdout).toMatch(shown);
    }
  }, 180_000);
});

/** What Kafka or a view shows a blink after the answer. */
const FOLLOWS = /^kcat|ListUserConversations|GetNotifications|SearchMessages/;
/** As long as the busiest machine may need for that blink. */
const FOLLOWS_WITHIN_MS = 30_000;

/** Looks until it is shown, as a reader does who was faster than Kafka or a view; the last look. */
async function shownBy<Look extends { readonly stdout: string }>(
  look: () => Promise<Look>,
  shown: RegExp,
): Promise<Look> {
  const giveUpAt = performance.now() + FOLLOWS_WITHIN_MS;
  for (;;) {
    const seen = await look();
    if (shown.test(seen.stdout) || performance.now() >= giveUpAt) return seen;
  }
}
