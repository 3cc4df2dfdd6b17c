/** The sides of this many conversations are remembered. */
const MOST = 10_000;

/** Remembers who the sides of conversations are: what somebody created stays what it is. */
export interface KnownPeers {
  /** Both sides of a direct conversation; nobody of a group, or where `read` knows nothing yet. */
  of(
    conversationId: string,
    read: () => Promise<readonly string[] | undefined>,
  ): Promise<readonly string[]>;
}

/** Remembers nothing yet, and at most the latest conversations. */
export function createKnownPeers(most = MOST): KnownPeers {
  const peersById = new Map<string, readonly string[]>();
  return {
    async of(conversationId, read) {
      const known = peersById.get(conversationId);
      if (known !== undefined) return known;
      const peers = await read();
      if (peers === undefined) return [];
      const [oldest] = peersById.keys();
      if (oldest !== undefined && peersById.size >= most) peersById.delete(oldest);
      peersById.set(conversationId, peers);
      return peers;
    },
  };
}
