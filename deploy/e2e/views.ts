import type { Stack } from './stack.ts';
import { psql } from './witness.ts';

/** Services that keep views, by the middle of their databases' names. */
export type ViewArea = 'messaging' | 'notification' | 'search';

/** The views of a stack as psql sees them: queries name tables without a schema. */
export interface ViewReader {
  query(area: ViewArea, sql: string): Promise<string[][]>;
}

/** Reads the generation that serves, whichever it is. */
export async function viewReader(stack: Stack): Promise<ViewReader> {
  const areas: readonly ViewArea[] = ['messaging', 'notification', 'search'];
  const urls = new Map(
    await Promise.all(
      areas.map(async (area) => [area, await stack.databaseUrl(`nova_${area}`)] as const),
    ),
  );
  return {
    async query(area, sql) {
      const url = urls.get(area) ?? '';
      const [[generation] = []] = await psql(
        url,
        "SELECT generation FROM consumer_generations WHERE consumer = 'views' AND state = 'serving'",
      );
      return psql(`${url}?options=-csearch_path%3Dviews_g${generation}`, sql);
    },
  };
}
