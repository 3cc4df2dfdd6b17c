/** How `--from` is written, for help and errors. Apart from the code, which loads the catalogue. */
export const STARTING_POINTS = 'beginning, now, a position, or -N for the last N';
