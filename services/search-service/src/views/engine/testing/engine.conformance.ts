import { afterAll, beforeAll, describe } from '@jest/globals';
import { messagesConformance, postsConformance, usersConformance } from './changes.conformance.ts';
import { type EngineUnderTest, engineBench } from './engine-bench.ts';
import {
  longListsConformance,
  longMixedListsConformance,
  pagesConformance,
} from './lists.conformance.ts';
import {
  filtersConformance,
  friendsConformance,
  membersConformance,
} from './viewers.conformance.ts';
import { headsConformance, tiersConformance, wordsConformance } from './words.conformance.ts';

/**
 * What every engine must do. Everything is told in events, as the log has them, so that an engine
 * with an index of its own is held to the same as one over views.
 */
export function engineConformance(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`the search engine of ${name}`, () => {
    let tested: EngineUnderTest;
    beforeAll(async () => {
      tested = await open();
    }, 60_000);
    afterAll(() => tested.close());
    const bench = engineBench(() => tested);
    for (const cases of [
      wordsConformance,
      tiersConformance,
      headsConformance,
      messagesConformance,
      postsConformance,
      usersConformance,
      membersConformance,
      friendsConformance,
      filtersConformance,
      pagesConformance,
      longListsConformance,
      longMixedListsConformance,
    ]) {
      cases(bench);
    }
  });
}
