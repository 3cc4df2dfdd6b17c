import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { baselinePath } from './baseline-image.ts';
import { bufPath, protoImageBytes } from './proto-image.ts';

/**
 * What `buf breaking` finds between the baseline and a proto folder, one line each; empty when
 * nothing is broken. The folder is built first, because buf compares its two modules (nova's own
 * and the standard protocols) with one image only when they are one image as well.
 *
 * @throws Error when buf fails for another reason.
 */
export function breakingChanges(proto: string): string {
  const { status, stdout, stderr } = spawnSync(
    bufPath,
    ['breaking', '-', '--against', baselinePath, '--config', join(proto, 'buf.yaml')],
    { cwd: proto, input: protoImageBytes(proto), encoding: 'utf8' },
  );
  // buf exits with 100 when it found something.
  if (status !== 0 && status !== 100) throw new Error(`buf breaking failed: ${stderr}`);
  return stdout;
}
