import { QUICK_SCENARIOS, SCENARIOS, scenariosOf } from '../../../bench/scenarios.ts';

describe('names on the command line of the benchmark', () => {
  it('stand for all scenarios when there are none', () => {
    expect(scenariosOf([])).toEqual(SCENARIOS);
  });

  it('stand for what --quick leaves of them when there are none', () => {
    expect(scenariosOf([], QUICK_SCENARIOS)).not.toContain('many');
    expect(scenariosOf(['many'], QUICK_SCENARIOS)).toEqual(['many']);
  });

  it('may be those of groups, and their scenarios run once, in the order in which they always run', () => {
    expect(scenariosOf(['many', 'tenants', 'drain'])).toEqual(['drain', 'large', 'many']);
  });

  it('are refused when they are of nothing', () => {
    expect(() => scenariosOf(['drain', 'drian'])).toThrow("there is no scenario 'drian'");
  });
});
