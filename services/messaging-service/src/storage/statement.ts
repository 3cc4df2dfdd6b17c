import { loadSql, type SqlFile } from '@nova/postgres';

const read = (name: string) => loadSql(new URL(`./${name}.sql`, import.meta.url));

// Parts of several statements: who may read what, and what is unread, is said in one place.
const PARTS: Readonly<Record<string, string>> = {
  access: read('access').text,
  sender_names: read('sender-names').text,
  unread_messages: read('unread-messages').text,
  unread_mentions: read('unread-mentions').text,
};

/** The statement in `<name>.sql`, with the parts that it names in braces. */
export function statement(name: string): SqlFile {
  const { text } = read(name);
  return { name, text: text.replaceAll(/\{(\w+)\}/g, (_, part: string) => `\n${PARTS[part]}`) };
}
