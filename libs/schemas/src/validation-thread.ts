/**
 * The thread that runs what others wrote: it compiles schemas, validates payloads with them and
 * compares schemas. Patterns run on RE2, in time linear in the text. Whoever started the thread ends
 * it when an answer takes too long, so nothing here has to bound time.
 */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '@nova/errors';
import Ajv, { type ValidateFunction } from 'ajv/dist/2020.js';
import type { SchemaProblem } from './check-schema.ts';
import { judgeChange } from './compatibility/judge-change.ts';
import type { JsonMap } from './json.ts';
import { compilePattern } from './patterns.ts';
import { violationsOf } from './payload-violations.ts';
import type { Answer, Question } from './thread-messages.ts';

const compiled = new Map<string, ValidateFunction>();
/** More are compiled again when they are needed. */
const MAX_COMPILED = 500;

// ajv asks for an engine that makes RegExp-like objects, and tells these apart by their text alone.
// The engine's code is for standalone modules only.
const linear = Object.assign(
  (pattern: string) => {
    return { ...compilePattern(pattern), toString: () => `RE2 ${pattern}` };
  },
  { code: 'RE2JS' },
);

function compile(text: string): ValidateFunction {
  const ajv = new Ajv.Ajv2020({
    strict: false,
    allErrors: true,
    validateFormats: false,
    ownProperties: true,
    code: { regExp: linear },
    logger: false,
  });
  // A map that checkSchema has taken. Its name plays no role: references stay within the document.
  const { $id: _, ...schema } = JSON.parse(text) as JsonMap;
  return ajv.compile(schema);
}

function problemsOf(text: string): readonly SchemaProblem[] {
  try {
    compile(text);
    return [];
  } catch (thrown) {
    const problem = `is no valid schema: ${messageOf(thrown)}`.slice(0, 500).toWellFormed();
    return [{ pointer: '', problem }];
  }
}

function validate({ name, schema, payloads }: Extract<Question, { kind: 'validate' }>): Answer {
  let check = compiled.get(name);
  if (check === undefined || schema !== undefined) {
    if (schema === undefined) throw new TypeError(`schema ${name} was not given`);
    check = compile(schema);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(name, check);
  }
  const one = check;
  return { kind: 'validated', violations: payloads.map((payload) => violationsIn(one, payload)) };
}

function violationsIn(check: ValidateFunction, payload: string) {
  try {
    return check(JSON.parse(payload)) ? [] : violationsOf(check.errors ?? []);
  } catch {
    // ajv compares elements by methods that a payload may shadow: {"valueOf": 1}.
    return [{ field: 'payload', description: 'cannot be checked: a key has the name of a method' }];
  }
}

function answer(question: Question): Answer {
  switch (question.kind) {
    case 'compile':
      return { kind: 'compiled', problems: problemsOf(question.schema) };
    case 'judge':
      return { kind: 'judged', found: judgeChange(question.rule, question.earlier, question.next) };
    case 'validate':
      return validate(question);
  }
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)));
parentPort?.postMessage({ kind: 'ready' } satisfies Answer);
