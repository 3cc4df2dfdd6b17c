import { configDoc } from './config-doc.ts';
import { errorsDoc } from './errors-doc.ts';
import { eventFiles } from './events-doc.ts';
import { rolesDoc } from './rpc-roles.ts';
import { topicsFile } from './topics-file.ts';

/** A generated file: its path relative to the root, and the text it must have. */
export interface GeneratedFile {
  readonly file: string;
  readonly text: string;
}

/** All documents that are generated from declarations in the code. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  return [
    { file: 'docs/errors.md', text: await errorsDoc() },
    { file: 'docs/config.md', text: await configDoc() },
    { file: 'docs/rpc-roles.md', text: await rolesDoc() },
    ...eventFiles(),
    { file: 'deploy/compose/topics.txt', text: topicsFile() },
  ];
}
