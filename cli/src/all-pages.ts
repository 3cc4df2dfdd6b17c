/** A page of answers: some of them, and the token of the next page; '' on the last one. */
interface Page {
  readonly nextPageToken: string;
}

/** Everything that a list has, page by page. Fails as `ask` does. */
export async function allPages<P extends Page, T>(
  ask: (pageToken: string) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): Promise<readonly T[]> {
  const found: T[] = [];
  let pageToken = '';
  do {
    const page = await ask(pageToken);
    found.push(...itemsOf(page));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}
