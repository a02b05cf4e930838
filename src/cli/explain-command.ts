import { Command } from 'commander';
import type { Io } from '../app/io.ts';
import { EXIT, type ExitCode, OnboardError } from '../domain/errors.ts';
import { plain } from '../lib/text.ts';

/** `explain`: meaning of the words in the columns `status` and `reason_code`. */
export function explainCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('explain')
    .summary('say what a status or a reason code means, and what to do')
    .description(
      'Says what each status or reason code of a results CSV means, and what to do about it. Without a code: all of them.',
    )
    .argument('[codes...]', 'from the columns status and reason_code, like privacy_blocked')
    .option('--markdown', 'as Markdown tables');
  return command.action(async (words: readonly string[], { markdown }: { readonly markdown?: boolean }) => {
    const { explainMarkdown, explainText, lookUp } = await import('../report/terminal/explain.ts');
    const known = lookUp(words);
    if ('unknown' in known) {
      const hint =
        known.near === undefined
          ? 'without a code, explain lists all of them'
          : `did you mean ${known.near}?`;
      throw new OnboardError(
        'CONFIG',
        `“${plain(known.unknown, 60)}” is not a status or a reason code: ${hint}`,
      );
    }
    io.stdout.write(markdown ? explainMarkdown(known.found) : explainText(known.found));
    done(EXIT.ok);
  });
}
