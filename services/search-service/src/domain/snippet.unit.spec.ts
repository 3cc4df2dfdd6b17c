import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { snippetOf } from './snippet.ts';

const forms = (whole: readonly string[], beginnings: readonly string[] = []) => ({
  whole,
  beginnings,
});

/** The snippet with brackets around its highlights. */
function marked(text: string, whole: readonly string[], beginnings: readonly string[] = []) {
  const snippet = snippetOf(text, forms(whole, beginnings));
  const letters = [...snippet.text];
  for (const { start, length } of snippet.highlights.toReversed()) {
    letters.splice(start + length, 0, ']');
    letters.splice(start, 0, '[');
  }
  return letters.join('');
}

describe('a snippet', () => {
  it.each([
    ['Käse, and kase', ['kase'], [], '[Käse], and [kase]'],
    ['🎉 the kernels\nare here', ['the'], ['kern'], '🎉 [the] [kernels] are here'],
    ["don't", ['dont'], [], "[don't]"],
    ['昨日は東京タワーに', ['東京', '京タ'], [], '昨日は[東京タ]ワーに'],
    ['昨日の猫', [], ['猫'], '昨日の[猫]'],
    ['ﾀﾜｰ', ['タワ', 'ワー'], [], '[ﾀﾜｰ]'],
    ['ubuntu中文', ['ubuntu'], [], '[ubuntu]中文'],
    ['nothing here', ['else'], [], 'nothing here'],
    ['', ['a'], [], ''],
  ])('of %j marks %j', (text, whole, beginnings, expected) => {
    expect(marked(text, whole, beginnings)).toBe(expected);
  });

  it('is cut around the first match', () => {
    const text = `${'before '.repeat(100)}needle${' after'.repeat(100)}`;
    const cut = marked(text, ['needle']);
    expect(cut).toMatch(/^….*before \[needle\] after.*…$/);
    expect([...cut].length).toBe(202);
    expect(marked(`${'x '.repeat(200)}end`, ['end'])).toMatch(/^….*\[end\]$/);
    expect(marked(`start ${'x '.repeat(200)}`, ['start'])).toMatch(/^\[start\] .*…$/);
  });

  it('has at most 200 code points and highlights within them, whatever the text', () => {
    const words = fc.array(fc.constantFrom('one', 'two', '猫犬', '🎉', 'é', '𝒳'), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(words, fc.string({ unit: 'binary' }), (some, noise) => {
        const text = `${noise} ${some.join(' ')}`.toWellFormed();
        const { text: part, highlights } = snippetOf(text, forms(['two', '🎉'], ['猫', 'x']));
        const length = [...part].length;
        expect(length).toBeLessThanOrEqual(200);
        let end = 0;
        for (const highlight of highlights) {
          expect(highlight.start).toBeGreaterThanOrEqual(end);
          end = highlight.start + highlight.length;
        }
        expect(end).toBeLessThanOrEqual(length);
        expect(highlights.length).toBeLessThanOrEqual(20);
      }),
    );
  });
});
