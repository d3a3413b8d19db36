// selectors.yml: selections with a name.

import { z } from 'zod';
import { boolean, count, list, name, object, oneOf, optionalText, text } from './values.ts';

const indirect = oneOf(['eager', 'cautious', 'buildable', 'empty']).optional();

/** How a selector's criteria are written. */
export type SelectorDefinition =
  | string
  | {
      readonly union: readonly SelectorDefinition[];
      readonly indirect_selection?: Indirect | undefined;
    }
  | {
      readonly intersection: readonly SelectorDefinition[];
      readonly indirect_selection?: Indirect | undefined;
    }
  | { readonly exclude: readonly SelectorDefinition[] }
  | MethodDefinition
  | Readonly<Record<string, string | number | boolean>>;

/** One method with all that may be said of it. */
export interface MethodDefinition {
  readonly method: string;
  readonly value: string | number | boolean;
  readonly children?: boolean | undefined;
  readonly parents?: boolean | undefined;
  readonly children_depth?: number | undefined;
  readonly parents_depth?: number | undefined;
  readonly childrens_parents?: boolean | undefined;
  readonly indirect_selection?: Indirect | undefined;
  readonly exclude?: readonly SelectorDefinition[] | undefined;
}

type Indirect = 'eager' | 'cautious' | 'buildable' | 'empty';

const scalar = z.union([z.string(), z.number(), z.boolean()], 'expected a value');

/** A criterion: text as on the command line, one method, or a set of criteria. */
export const selectorDefinitionSchema: z.ZodType<SelectorDefinition> = z.lazy(() =>
  z.union(
    [
      text,
      object({ union: list(selectorDefinitionSchema), indirect_selection: indirect }),
      object({ intersection: list(selectorDefinitionSchema), indirect_selection: indirect }),
      object({ exclude: list(selectorDefinitionSchema) }),
      object({
        method: name,
        value: scalar,
        children: boolean.optional(),
        parents: boolean.optional(),
        children_depth: count.optional(),
        parents_depth: count.optional(),
        childrens_parents: boolean.optional(),
        indirect_selection: indirect,
        exclude: list(selectorDefinitionSchema).optional(),
      }),
      z.record(z.string(), scalar),
    ],
    'expected text, `method` and `value`, `union`, `intersection` or `exclude`',
  ),
);

/** The schema of selectors.yml. */
export const selectorsFileSchema = object({
  selectors: list(
    object({
      name,
      description: optionalText,
      default: z
        .union([z.boolean(), z.string()], 'expected `true`, `false` or a template')
        .optional(),
      definition: selectorDefinitionSchema,
    }),
  ),
});
