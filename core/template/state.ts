// The state of one render: the scopes, the output, and where the evaluator stands.

import { nearestName, type Place, UserError } from '../errors.ts';
import { type MacroFrame, TemplateError, ValueFault } from './errors.ts';
import { BUILT_INS } from './globals.ts';
import { OutputBuffer } from './source-map.ts';
import type { Located } from './syntax.ts';
import { type CallSite, orElse, UndefinedValue, type Value } from './values.ts';

/** What the host offers by name: dbt's context, variables, macros. */
export interface RenderScope {
  /** The value of a name; undefined where the host does not know it. */
  lookup(name: string): Value | undefined;
  /** All names known, for the hint at a misspelt one. */
  names(): Iterable<string>;
}

/** The variables of a template, a loop pass or a macro call; names not found go to the parent. */
export class Frame {
  readonly variables = new Map<string, Value>();
  readonly parent: Frame | undefined;
  /** Names that the template assigns somewhere in this scope. */
  readonly assigned: ReadonlySet<string> | undefined;

  constructor(parent?: Frame, assigned?: ReadonlySet<string>) {
    this.parent = parent;
    this.assigned = assigned;
  }
}

const MAX_MACRO_DEPTH = 200;

/** Runs along while a template is rendered. */
export class RenderState {
  scope: RenderScope;
  path: string;
  node: Located = { line: 1, column: 1 };
  output = new OutputBuffer();
  /** Macro calls that are under way, outermost first. */
  readonly calls: MacroFrame[] = [];
  /** Whether the value itself is wanted, not its text: `as_number` and its like convert only then. */
  readonly native: boolean;
  /** What the macro that returned last had written, so that its places outlive the call. */
  lastMacro: OutputBuffer | undefined;

  constructor(scope: RenderScope, path: string, native = false) {
    this.scope = scope;
    this.path = path;
    this.native = native;
  }

  /** The place that the evaluator stands at. */
  place(): Place {
    return { path: this.path, line: this.node.line, column: this.node.column };
  }

  /** The call site that a function of the host is given. */
  site(): CallSite {
    return { place: this.place(), chain: [...this.calls], state: this };
  }

  /** Enters a macro; fails where macros call each other without end. */
  enter(macro: string): void {
    if (this.calls.length >= MAX_MACRO_DEPTH) {
      throw new ValueFault(
        `macros call each other more than ${MAX_MACRO_DEPTH} levels deep at \`${macro}\``,
        'Give the recursion an end.',
      );
    }
    this.calls.push({ macro, calledFrom: this.place() });
  }

  /** The value of a name; fails where nobody knows it, unless `lenient`. */
  lookup(name: string, frame: Frame, lenient: boolean): Value {
    let isAssigned = false;
    for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
      const value = at.variables.get(name);
      if (value !== undefined) return value;
      isAssigned ||= at.assigned?.has(name) ?? false;
    }
    const value = orElse(this.scope.lookup(name), BUILT_INS.get(name));
    if (value !== undefined) return value;
    if (isAssigned || lenient) return new UndefinedValue(`\`${name}\` is undefined`);
    throw new ValueFault(`unknown name \`${name}\``, this.hintFor(name, frame));
  }

  private hintFor(name: string, frame: Frame): string {
    const known = new Set<string>([...this.scope.names(), ...BUILT_INS.keys()]);
    for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
      for (const variable of at.variables.keys()) known.add(variable);
      for (const variable of at.assigned ?? []) known.add(variable);
    }
    const nearest = nearestName(name, known);
    return nearest === undefined
      ? `Set it first, or ask for it with \`${name} is defined\`.`
      : `did you mean \`${nearest}\`?`;
  }

  /** Gives an error its place and the calls that led there; what is no user's fault passes as it is. */
  located(error: unknown): unknown {
    if (error instanceof TemplateError) return error;
    const chain = [...this.calls];
    if (error instanceof ValueFault) {
      return new TemplateError(error.message, this.place(), {
        hint: error.hint,
        chain,
        cause: error,
      });
    }
    if (error instanceof RangeError) {
      return new TemplateError('the template calls itself too deeply', this.place(), {
        chain,
        cause: error,
      });
    }
    if (
      error instanceof UserError &&
      error.where === undefined &&
      error.constructor === UserError
    ) {
      return new TemplateError(error.message, this.place(), {
        hint: error.hint,
        chain,
        cause: error,
      });
    }
    return error;
  }
}

/** Carries the value that dbt's `return()` gives out of a macro. */
export class ReturnSignal {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}
