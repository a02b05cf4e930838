import { Command, Option } from 'commander';
import type { Io } from '../app/io.ts';
import { valued } from '../config/typed-option.ts';
import { EXIT, type ExitCode } from '../domain/errors.ts';
import { parseCount, parseDuration } from '../lib/units.ts';

interface SandboxFlags {
  readonly port: number;
  readonly limit: number;
  readonly window: number;
  readonly limitBy: 'key' | 'phone';
  readonly latency?: number;
  readonly latencyWay?: number;
  readonly latencyWork?: number;
  readonly latencyPerPerson?: number;
  readonly record?: string;
}

/** `sandbox`: runs the embedded stand-in of the API until a stop signal. */
export function sandboxCommand(io: Io, done: (exit: ExitCode) => void): Command {
  return new Command('sandbox')
    .summary('serve a stand-in of the API on this machine')
    .description(
      'Serves a stand-in of the Periskope API on 127.0.0.1, to try things against. It contacts nobody.',
    )
    .addOption(
      new Option('--port <N>', '0 is any free port')
        .argParser(valued((text) => parseCount(text, 0)))
        .default(0),
    )
    .addOption(new Option('--limit <N>', 'requests per window').argParser(valued(parseCount)).default(10))
    .addOption(
      new Option('--window <DURATION>', 'length of the window')
        .argParser(valued(parseDuration))
        .default(1_000, '1s'),
    )
    .addOption(
      new Option(
        '--latency <DURATION>',
        'time of a round trip, half of it before a request is counted',
      ).argParser(valued(parseDuration)),
    )
    .addOption(
      new Option('--latency-way <DURATION>', 'further time before a request is counted').argParser(
        valued(parseDuration),
      ),
    )
    .addOption(
      new Option(
        '--latency-work <DURATION>',
        'further time after it is counted, before its answer',
      ).argParser(valued(parseDuration)),
    )
    .addOption(
      new Option('--latency-per-person <DURATION>', 'time that each person of an ask takes').argParser(
        valued(parseDuration),
      ),
    )
    .addOption(
      new Option('--limit-by <WHAT>', 'one limit for the key, or one for each sending phone')
        .choices(['key', 'phone'])
        .default('key'),
    )
    .addOption(new Option('--record <FILE>', 'append every ask to this file, as JSON lines'))
    .action(async (flags: SandboxFlags) => {
      const { startSandbox } = await import('../sandbox/sandbox.ts');
      const { endingsText } = await import('../sandbox/endings.ts');
      const sandbox = await startSandbox({
        port: flags.port,
        limit: flags.limit,
        windowMs: flags.window,
        scope: flags.limitBy,
        latency: { ms: flags.latency, way: flags.latencyWay, work: flags.latencyWork },
        ...(flags.latencyPerPerson !== undefined && { personMs: flags.latencyPerPerson }),
        ...(flags.record !== undefined && { recordFile: flags.record }),
      });
      const counts = new URL('/_sandbox', sandbox.url).href;
      io.stdout.write(
        [
          `sandbox  ${sandbox.url}   (${flags.limit} requests per ${flags.window / 1_000} s; counts: ${counts})`,
          '',
          'In another terminal:',
          `  PERISKOPE_API_KEY=${sandbox.key} group-onboard run cohort.csv --base-url ${sandbox.url} --phone 919876543210`,
          '',
          endingsText(),
          '',
        ].join('\n'),
      );
      await new Promise<void>((resolve) => {
        io.onSignal(() => resolve());
      });
      await sandbox.close();
      done(EXIT.ok);
    });
}
