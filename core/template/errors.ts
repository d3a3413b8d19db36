// Errors of templates: one sentence, the exact place, and the macro calls that led there.

import { formatPlace, type Place, UserError } from '../errors.ts';

/** One macro on the way from the model to the fault. */
export interface MacroFrame {
  readonly macro: string;
  /** The place of the call, in the template that called. */
  readonly calledFrom: Place;
}

/** A fault in a template, at its place, with the macro calls that led there (outermost first). */
export class TemplateError extends UserError {
  override readonly name = 'TemplateError';
  readonly chain: readonly MacroFrame[];
  /** The sentence alone, without the chain of calls. */
  readonly sentence: string;

  constructor(
    sentence: string,
    where: Place,
    parts: { hint?: string | undefined; chain?: readonly MacroFrame[]; cause?: unknown } = {},
  ) {
    super(withChain(sentence, where, parts.chain ?? []), {
      where,
      hint: parts.hint,
      ...(parts.cause === undefined ? {} : { cause: parts.cause }),
    });
    this.chain = parts.chain ?? [];
    this.sentence = sentence;
  }
}

/**
 * A fault of an operation on values that does not know its place; the evaluator adds it and throws
 * a `TemplateError`.
 */
export class ValueFault extends Error {
  override readonly name = 'ValueFault';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

function withChain(sentence: string, where: Place, chain: readonly MacroFrame[]): string {
  if (chain.length === 0) return sentence;
  const frames = [...chain].reverse();
  const shown = frames.length > 8 ? [...frames.slice(0, 4), ...frames.slice(-3)] : frames;
  const [first] = shown;
  const parts = [`in macro \`${first?.macro}\` (${formatPlace(where)})`];
  for (const [index, frame] of shown.entries()) {
    const outer = shown[index + 1];
    const inside = outer === undefined ? '' : ` in macro \`${outer.macro}\``;
    parts.push(`called from ${formatPlace(frame.calledFrom)}${inside}`);
  }
  if (shown.length < frames.length) parts.push(`${frames.length} calls in all`);
  return `${sentence}, ${parts.join(', ')}`;
}
