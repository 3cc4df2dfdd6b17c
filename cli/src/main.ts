import { processEnvironment } from '@nova/config';
import { runProgram } from './program.ts';
import { verbs } from './verb-list.ts';
import { version } from './version.ts';

// A reader that went away (`./nova tail | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

const exitCode = await runProgram(process.argv.slice(2), verbs, {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: processEnvironment,
  version,
});
// Connections that a verb left open must not keep the process alive. What is printed into a socket
// or a slow pipe may not have been taken yet: exiting before that would cut it off.
await Promise.all([process.stdout, process.stderr].map(taken));
process.exit(exitCode);

function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
