import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack.ts';

/** The commands of a document: its bash blocks, in order. */
export function commandsOf(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```bash\n([\s\S]*?)^```/gm)].map((match) => (match[1] ?? '').trim());
}
