/** What a measurement should come to, and what it came to. */
export interface Aim {
  readonly name: string;
  readonly measured: number;
  readonly atLeast?: number;
  readonly atMost: number;
}

/** Whether an aim was reached; what was not measured was not. */
export function isReached({ measured, atLeast = 0, atMost }: Aim): boolean {
  return measured >= atLeast && measured <= atMost;
}

/** A line for each aim, and what became of all of them. */
export function judgement(aims: readonly Aim[], digits: number): string {
  const lines = aims.map((aim) => {
    const { name, measured, atLeast, atMost } = aim;
    const wanted = atLeast === undefined ? `at most ${atMost}` : `${atLeast} to ${atMost}`;
    const verdict = isReached(aim) ? 'reached' : 'MISSED';
    return `${verdict.padEnd(8)} ${name}: ${measured.toFixed(digits)}, aim ${wanted}\n`;
  });
  const missed = aims.filter((aim) => !isReached(aim)).map(({ name }) => name);
  const sum = missed.length === 0 ? 'all aims reached' : `missed: ${missed.join('; ')}`;
  return `${lines.join('')}${sum}\n`;
}
