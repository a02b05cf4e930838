import { describe, expect, it } from 'vitest';
import { refuseUnknownVariables } from '../../src/cli/environment.ts';

const KNOWN = new Set([
  'GROUP_ONBOARD_DAILY_CAP',
  'GROUP_ONBOARD_REPORT',
  'GROUP_ONBOARD_NO_PRECHECK',
  'GROUP_ONBOARD_PHONE',
]);
const refuse = (env: Record<string, string>) => () => refuseUnknownVariables(env, KNOWN);

describe('a variable that nothing reads', () => {
  it.each([
    ['GROUP_ONBOARD_DAILYCAP', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_DAILY_CPA', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_REPORTS', 'did you mean GROUP_ONBOARD_REPORT?'],
    ['GROUP_ONBOARD_PRECHECK', 'did you mean GROUP_ONBOARD_NO_PRECHECK?'],
    ['GROUP_ONBOARD_XYZZY', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_CAP', 'did you mean GROUP_ONBOARD_DAILY_CAP?'],
    ['GROUP_ONBOARD_NO', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
    ['GROUP_ONBOARD_SUPPORT', 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)'],
  ])('%s is refused: %s', (name, advice) => {
    expect(refuse({ PATH: '/', GROUP_ONBOARD_PHONE: '1', [name]: 'secret' })).toThrowError(
      expect.objectContaining({
        code: 'CONFIG',
        message: `${name} is no variable of group-onboard: ${advice}`,
      }),
    );
  });

  it.each([
    ['what is read', { GROUP_ONBOARD_DAILY_CAP: '50', GROUP_ONBOARD_REPORT: 'page.html' }],
    ['an empty value', { GROUP_ONBOARD_DAILYCAP: '', GROUP_ONBOARD_XYZZY: ' ' }],
    ['another name', { GROUP_ONBOARDING: '1', MY_GROUP_ONBOARD_X: '1', group_onboard_x: '1' }],
    [
      'what Kubernetes says about a Service called group-onboard',
      {
        GROUP_ONBOARD_SERVICE_HOST: '10.0.0.11',
        GROUP_ONBOARD_SERVICE_PORT: '80',
        GROUP_ONBOARD_SERVICE_PORT_HTTP_METRICS: '80',
        GROUP_ONBOARD_PORT: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_PORT_80_TCP: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_PORT_80_TCP_PROTO: 'tcp',
        GROUP_ONBOARD_PORT_80_TCP_PORT: '80',
        GROUP_ONBOARD_PORT_80_TCP_ADDR: '10.0.0.11',
        GROUP_ONBOARD_PORT_53_UDP_ADDR: '10.0.0.11',
      },
    ],
    [
      'and about one called group-onboard-results',
      {
        GROUP_ONBOARD_RESULTS_SERVICE_HOST: '10.0.0.11',
        GROUP_ONBOARD_RESULTS_SERVICE_PORT: '80',
        GROUP_ONBOARD_RESULTS_PORT: 'tcp://10.0.0.11:80',
        GROUP_ONBOARD_RESULTS_PORT_80_TCP_ADDR: '10.0.0.11',
      },
    ],
  ])('%s is let through', (_what, env) => {
    expect(refuse(env as unknown as Record<string, string>)).not.toThrow();
  });
});
