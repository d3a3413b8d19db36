// The syntax tree that the parser yields and the evaluator walks.

import type { Value } from './values.ts';

/** Where a node begins in its file; line and column count from 1. */
export interface Located {
  readonly line: number;
  readonly column: number;
}

/** A constant: string, number, true, false or none. */
export interface Literal extends Located {
  readonly kind: 'literal';
  readonly value: Value;
}

/** A variable read by its name. */
export interface Name extends Located {
  readonly kind: 'name';
  readonly name: string;
}

/** `[a, b]` or `(a, b)`. */
export interface Sequence extends Located {
  readonly kind: 'list' | 'tuple';
  readonly items: readonly Expression[];
}

/** `{key: value}`; keys are expressions. */
export interface DictDisplay extends Located {
  readonly kind: 'dict';
  readonly entries: readonly (readonly [Expression, Expression])[];
}

/** `object.name`. */
export interface Attribute extends Located {
  readonly kind: 'attribute';
  readonly object: Expression;
  readonly name: string;
}

/** `object[index]` or `object.0`. */
export interface Item extends Located {
  readonly kind: 'item';
  readonly object: Expression;
  readonly index: Expression | Slice;
}

/** `start:stop:step` between brackets. */
export interface Slice extends Located {
  readonly kind: 'slice';
  readonly start: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
}

/** What stands between the parentheses of a call, filter or test. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly (readonly [string, Expression])[];
  readonly splat: Expression | undefined;
  readonly keywordSplat: Expression | undefined;
}

/** `callee(…)`. */
export interface Call extends Located {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly args: Arguments;
}

/** `target|name(…)`; the target is absent in a filter block. */
export interface Filter extends Located {
  readonly kind: 'filter';
  readonly name: string;
  readonly target: Expression | undefined;
  readonly args: Arguments;
}

/** `target is name(…)`. */
export interface Test extends Located {
  readonly kind: 'test';
  readonly name: string;
  readonly target: Expression;
  readonly args: Arguments;
}

/** `not x`, `-x`, `+x`. */
export interface Unary extends Located {
  readonly kind: 'unary';
  readonly operator: 'not' | '-' | '+';
  readonly operand: Expression;
}

/** The arithmetic operators. */
export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** `left + right` and its like. */
export interface Binary extends Located {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `a ~ b ~ c`. */
export interface Concat extends Located {
  readonly kind: 'concat';
  readonly parts: readonly Expression[];
}

/** `left and right`, `left or right`. */
export interface Logical extends Located {
  readonly kind: 'logical';
  readonly operator: 'and' | 'or';
  readonly left: Expression;
  readonly right: Expression;
}

/** The comparison operators. */
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** `a < b <= c`: true when each neighbouring pair holds. */
export interface Compare extends Located {
  readonly kind: 'compare';
  readonly first: Expression;
  readonly rest: readonly (readonly [CompareOperator, Expression])[];
}

/** `consequence if condition else otherwise`. */
export interface Conditional extends Located {
  readonly kind: 'conditional';
  readonly condition: Expression;
  readonly consequence: Expression;
  readonly otherwise: Expression | undefined;
}

/** Anything that has a value. */
export type Expression =
  | Literal
  | Name
  | Sequence
  | DictDisplay
  | Attribute
  | Item
  | Call
  | Filter
  | Test
  | Unary
  | Binary
  | Concat
  | Logical
  | Compare
  | Conditional;

/** `ns.name` on the left of a set. */
export interface NamespaceTarget extends Located {
  readonly kind: 'namespace-target';
  readonly namespace: string;
  readonly name: string;
}

/** Several targets filled from one value. */
export interface TupleTarget extends Located {
  readonly kind: 'tuple-target';
  readonly targets: readonly Target[];
}

/** What can be assigned to. */
export type Target = Name | NamespaceTarget | TupleTarget;

/** A parameter of a macro or of a call block. */
export interface Parameter extends Located {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** Text outside every tag. */
export interface Text extends Located {
  readonly kind: 'text';
  readonly text: string;
}

/** `{{ … }}`. */
export interface Output extends Located {
  readonly kind: 'output';
  readonly expression: Expression;
}

/** `{% if %}` with its branches. */
export interface If extends Located {
  readonly kind: 'if';
  readonly branches: readonly { readonly condition: Expression; readonly body: Body }[];
  readonly otherwise: Body;
}

/** `{% for target in iterable if filter recursive %}`. */
export interface For extends Located {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  readonly filter: Expression | undefined;
  readonly recursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
}

/** What the body of a macro asks for beside its parameters. */
export interface Catches {
  readonly caller: boolean;
  readonly varargs: boolean;
  readonly kwargs: boolean;
}

/** `{% macro name(parameters) %}`. */
export interface Macro extends Located {
  readonly kind: 'macro';
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body;
  readonly catches: Catches;
  /** Names assigned somewhere in the body: unset ones are undefined, not unknown. */
  readonly assigned: ReadonlySet<string>;
}

/** `{% call(parameters) macro(…) %}`; the body is a macro named `caller`. */
export interface CallBlock extends Located {
  readonly kind: 'call-block';
  readonly call: Call;
  readonly caller: Macro;
}

/** `{% filter upper %}`. */
export interface FilterBlock extends Located {
  readonly kind: 'filter-block';
  readonly filter: Filter;
  readonly body: Body;
}

/** `{% set target = value %}`. */
export interface SetStatement extends Located {
  readonly kind: 'set';
  readonly target: Target;
  readonly value: Expression;
}

/** `{% set target | filter %}…{% endset %}`. */
export interface SetBlock extends Located {
  readonly kind: 'set-block';
  readonly target: Target;
  readonly filter: Filter | undefined;
  readonly body: Body;
}

/** `{% do expression %}`. */
export interface Do extends Located {
  readonly kind: 'do';
  readonly expression: Expression;
}

/** `{% with a = 1, b = 2 %}`. */
export interface With extends Located {
  readonly kind: 'with';
  readonly bindings: readonly { readonly target: Target; readonly value: Expression }[];
  readonly body: Body;
}

/** `{% break %}` or `{% continue %}`. */
export interface Jump extends Located {
  readonly kind: 'break' | 'continue';
}

/** Anything that stands in a body. */
export type Statement =
  | Text
  | Output
  | If
  | For
  | Macro
  | CallBlock
  | FilterBlock
  | SetStatement
  | SetBlock
  | Do
  | With
  | Jump;

/** A run of statements. */
export type Body = readonly Statement[];

/** The whole of a template. */
export interface TemplateNode extends Located {
  readonly kind: 'template';
  readonly body: Body;
  /** Names assigned somewhere at the top level: unset ones are undefined, not unknown. */
  readonly assigned: ReadonlySet<string>;
}
