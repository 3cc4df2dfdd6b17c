import { systemClock } from '@nova/time';
import type { Finding } from '../doctor/finding.ts';
import type { Output } from '../output.ts';
import { defineVerb } from '../verb.ts';

/** `doctor`: what is wrong with this machine or this stack, and the remedy for each. */
export const doctor = defineVerb({
  name: 'doctor',
  summary: 'what is wrong, with the remedy for each finding',
  description:
    'Looks at Node, Java, Maven, PostgreSQL and its libraries, Redis, folders, disk, memory, clock, ' +
    'processes and ports. Changes nothing but broken library links. Exit code 1 when something ' +
    'is wrong.',
  options: {},
  examples: [
    { command: './nova doctor', meaning: 'before the first start, or when something fails' },
    { command: './nova doctor -o json', meaning: 'the findings for a program' },
  ],
  async run({ out, ...invocation }) {
    const { examine } = await import('../doctor/examine.ts');
    const findings = await examine(invocation, systemClock);
    const failed = findings.some(({ verdict }) => verdict === 'wrong');
    if (out.format === 'json') out.json({ ok: !failed, findings });
    else print(findings, out);
    return failed ? 1 : 0;
  },
});

function print(findings: readonly Finding[], out: Output): void {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  for (const { subject, verdict, message, remedy } of findings) {
    out.line(`${mark(verdict, out)} ${subject.padEnd(width)}  ${message}`);
    if (remedy !== '') out.line(`${' '.repeat(width + 8)}-> ${remedy}`);
  }
  const count = findings.filter(({ verdict }) => verdict === 'wrong').length;
  out.line();
  out.line(count === 0 ? 'nothing is wrong' : `${count} found that keep nova from working`);
}

function mark(verdict: Finding['verdict'], { style }: Output): string {
  switch (verdict) {
    case 'fine':
      return style.good('ok   ');
    case 'doubtful':
      return style.warn('note ');
    case 'wrong':
      return style.bad('wrong');
  }
}
