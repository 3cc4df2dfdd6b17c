import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { root, sourceFiles } from './source-files.ts';

const MAX_LINES = 300;
const MAX_FUNCTION_LINES = 60;
const MAX_CASTS_PER_1000_LINES = 4;
const MIN_DOCUMENTED = 0.9;

/** What the budgets are judged on, for one file. */
interface Measures {
  lines: number;
  longFunctions: string[];
  exports: number;
  undocumented: string[];
  casts: number;
}

function measure(file: string, text: string): Measures {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const measures: Measures = {
    lines: text.split('\n').length,
    longFunctions: [],
    exports: 0,
    undocumented: [],
    casts: 0,
  };
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node) && node.type.getText() !== 'const') measures.casts += 1;
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const length = lineOf(node.getEnd()) - lineOf(node.getStart()) + 1;
      if (length > MAX_FUNCTION_LINES) {
        measures.longFunctions.push(`${file}:${lineOf(node.getStart())} has ${length} lines`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const statement of source.statements) {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!exported) continue;
    measures.exports += 1;
    if (ts.getJSDocCommentsAndTags(statement).length === 0) {
      measures.undocumented.push(`${file}:${lineOf(statement.getStart())}`);
    }
  }
  return measures;
}

describe('the budgets', () => {
  const files = sourceFiles([
    'libs',
    'services',
    'examples',
    'cli',
    'proto/src',
    'tools',
    'bench',
    'deploy',
  ]);
  const measured = files.map((file) => ({
    file,
    ...measure(file, readFileSync(join(root, file), 'utf8')),
  }));

  it(`keep files at ${MAX_LINES} lines or fewer`, () => {
    const long = measured.filter(({ lines }) => lines > MAX_LINES + 1);
    expect(long.map(({ file, lines }) => `${file} has ${lines}`)).toEqual([]);
  });

  it(`keep functions at ${MAX_FUNCTION_LINES} lines or fewer`, () => {
    expect(measured.flatMap(({ longFunctions }) => longFunctions)).toEqual([]);
  });

  it(`keep ${MIN_DOCUMENTED * 100} % of the exports documented`, () => {
    const exports = measured.reduce((sum, each) => sum + each.exports, 0);
    const undocumented = measured.flatMap((each) => each.undocumented);
    const share = 1 - undocumented.length / exports;
    expect({
      enough: share >= MIN_DOCUMENTED,
      undocumented: share >= MIN_DOCUMENTED ? [] : undocumented,
    }).toEqual({
      enough: true,
      undocumented: [],
    });
  });

  it(`allow ${MAX_CASTS_PER_1000_LINES} casts per 1,000 lines`, () => {
    const lines = measured.reduce((sum, each) => sum + each.lines, 0);
    const casts = measured.filter((each) => each.casts > 0);
    const total = casts.reduce((sum, each) => sum + each.casts, 0);
    const worst = casts.sort((a, b) => b.casts - a.casts).slice(0, 10);
    expect({
      within: (1000 * total) / lines <= MAX_CASTS_PER_1000_LINES,
      worst:
        (1000 * total) / lines <= MAX_CASTS_PER_1000_LINES
          ? []
          : worst.map(({ file, casts }) => `${file}: ${casts}`),
    }).toEqual({ within: true, worst: [] });
  });

  it('notice a file that breaks all of them', () => {
    const text = `export function f(): unknown {\n${'  g();\n'.repeat(70)}  return x as string;\n}\n`;
    const broken = measure('x.ts', text);
    expect(broken.longFunctions).toEqual(['x.ts:1 has 73 lines']);
    expect(broken.undocumented).toEqual(['x.ts:1']);
    expect(broken.casts).toBe(1);
  });
});
