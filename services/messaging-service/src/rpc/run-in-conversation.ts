import { isNovaError } from '@nova/errors';
import type { Call } from '@nova/rpc';
import type { CommandSpec, Commands, DecidedBy } from '@nova/service-kit';
import { errors } from '../errors.ts';
import { conversationView } from '../views/conversation_view/conversation-view.ts';
import { conversationDecides } from './places.ts';

/**
 * Runs a command of those who belong to a conversation. A conversation that nobody created belongs to
 * those who sent or got a message in it. To whom it belongs already messages change nothing, so that
 * they decide only where the user would be refused without them: else all who write at the same
 * time would have to decide again and again.
 *
 * @param specOf the command, with what decides who belongs to the conversation
 */
export async function runInConversation<Answer extends object>(
  commands: Commands,
  call: Call,
  conversationId: string,
  specOf: (decides: DecidedBy) => CommandSpec<Answer>,
): ReturnType<typeof commands.run<Answer>> {
  let isCreated = false;
  const run = (...more: readonly string[]) => {
    const spec = specOf(conversationDecides(conversationId, ...more));
    return commands.run<Answer>(call, {
      ...spec,
      decide(rows, ids) {
        const conversation = rows.get(conversationView, { conversation_id: conversationId });
        isCreated = (conversation?.kind ?? null) !== null;
        return spec.decide(rows, ids);
      },
    });
  };
  try {
    return await run();
  } catch (thrown) {
    const isHidden = isNovaError(thrown, errors.MESSAGING_CONVERSATION_NOT_FOUND);
    if (isCreated || !isHidden) throw thrown;
    return await run('message_created');
  }
}
