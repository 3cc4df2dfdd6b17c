import type { Settings } from '@nova/config';

/** The text of `--help`: usage, commands and every setting with its default. */
export function helpText(
  name: string,
  commands: Readonly<Record<string, { readonly doc: string }>>,
  settings: Settings,
): string {
  const options = [
    ...Object.entries(commands).map(([command, { doc }]) => [`--${command}`, doc] as const),
    ['--print-config', 'print the effective settings, secrets masked, and exit'] as const,
    ['--help', 'print this and exit'] as const,
  ];
  const lines = [
    `${name}: runs until SIGTERM or SIGINT, then drains.`,
    '',
    'Options:',
    ...options.map(([option, doc]) => `  ${option.padEnd(18)}${doc}`),
    '',
    'Settings (environment variables; a secret may also be given as <NAME>_FILE):',
  ];
  for (const setting of Object.values(settings)) {
    const fallback = setting.defaultText ?? (setting.optional ? 'optional' : 'required');
    lines.push(`  ${setting.env} (${setting.kind}; ${fallback})`, `      ${setting.doc}`);
  }
  return `${lines.join('\n')}\n`;
}
