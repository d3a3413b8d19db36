// selectors.yml: read, rendered, validated; what its criteria mean is for the graph to say.

import { throwFaults, type UserError } from '../../core/errors.ts';
import { parseYaml, validateYaml, type YamlFile } from '../../core/yaml.ts';
import { type SelectorDefinition, selectorsFileSchema } from '../schemas/selectors.ts';
import { renderYaml, yamlScope } from './render-yaml.ts';
import type { YamlInputs } from './types.ts';

/** A selector as written. */
export interface WrittenSelector {
  readonly name: string;
  readonly description: string;
  readonly isDefault: boolean;
  readonly definition: SelectorDefinition;
}

/** The selectors of a project, and the file for their places. */
export interface SelectorsFile {
  readonly yaml: YamlFile;
  readonly selectors: readonly WrittenSelector[];
}

/**
 * Parses selectors.yml.
 * @throws {UserErrors} with every fault of its form.
 */
export function parseSelectorsFile(text: string, inputs: YamlInputs): SelectorsFile {
  const faults: UserError[] = [];
  const written = parseYaml({ path: 'selectors.yml', text });
  const yaml = renderYaml(written, yamlScope(inputs, {}), () => true, faults);
  throwFaults(faults);
  const data = yaml.value === null ? { selectors: [] } : validateYaml(yaml, selectorsFileSchema);
  return {
    yaml,
    selectors: data.selectors.map(({ name, description, default: isDefault, definition }) => ({
      name,
      description,
      isDefault: isDefault === true || String(isDefault).toLowerCase() === 'true',
      definition,
    })),
  };
}
