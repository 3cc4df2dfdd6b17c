/** The chat logs that the repository carries for trying, relative to its root. */
export const SAMPLE = 'samples/chat';
