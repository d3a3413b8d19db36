// The first pass over a node: which configs, refs and sources its template names.

import type { Place } from '../../core/errors.ts';
import { toJson } from '../../core/template/json.ts';
import { parseTemplate, type Template } from '../../core/template/parse.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { Value } from '../../core/template/values.ts';
import type { ConfigLayer, ParsedModel, ParsedSingularTest } from '../project/types.ts';
import { nodeContext, type ProjectFacts } from './context.ts';
import { nodeValue } from './node-value.ts';
import { relationValue } from './relation-value.ts';
import { scopeOf } from './scope.ts';

/** What the first pass found. */
export interface Captured {
  readonly template: Template;
  /** The config calls of the file, as one layer. */
  readonly layer: ConfigLayer;
}

/**
 * Renders a node with `execute` false to hear its `config` calls. Refs are taken in the second pass,
 * which sees every branch that counts.
 * @throws {TemplateError} for a fault of the template.
 */
export function captureNode(facts: ProjectFacts, node: ParsedModel | ParsedSingularTest): Captured {
  const template = parseTemplate({ path: node.path, text: node.rawSql });
  const values: Record<string, unknown> = {};
  const places = new Map<string, Place>();
  const { database, schema } = facts.inputs.target;
  const placeholder = (identifier: string): Value =>
    relationValue(database, { schema, identifier });
  const context = nodeContext(
    facts,
    {
      relation: placeholder(node.name),
      model: nodeValue({ ...node, database, schema, alias: node.name }),
      execute: false,
    },
    {
      ref: (_packageName, name) => placeholder(name),
      source: (_source, table) => placeholder(table),
      config: (given, site) => {
        for (const [key, value] of given) {
          values[key] = toJson(value);
          places.set(key, site.place);
        }
      },
      readConfig: () => undefined,
    },
  );
  renderTemplate(template, scopeOf(context));
  return { template, layer: { values, placeOf: (key) => places.get(key) ?? { path: node.path } } };
}
