import type { Place } from './errors.ts';
import { UserError } from './errors.ts';
import type { Env } from './settings.ts';

const call =
  /^\s*env_var\(\s*(['"])([A-Za-z_][A-Za-z0-9_]*)\1\s*(?:,\s*(['"])(.*?)\3\s*)?\)\s*(?:\|\s*(?:int|as_number|as_bool|as_native|as_text)\s*)?$/;

/** Renders a string of profiles.yml, which may call `env_var`. */
export function renderSetting(text: string, place: Place, env: Env): string {
  return text.replace(/\{\{(.*?)\}\}/g, (whole, expression: string) => {
    const match = call.exec(expression);
    if (!match)
      throw new UserError(`only \`env_var\` can be used here, found \`${whole}\``, {
        where: place,
      });
    const value = env[match[2] ?? ''] ?? match[4];
    if (value === undefined) {
      throw new UserError(`environment variable \`${match[2]}\` is not set`, {
        where: place,
        hint: `set it, or give a default: env_var('${match[2]}', '…')`,
      });
    }
    return value;
  });
}
