/** A section of a GitLab job log that folds. https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
export function section(name: string, title: string, text: string, epochMs: number): string {
  const mark = (which: string) => `\u001b[0K${which}:${Math.floor(epochMs / 1_000)}:${name}\r\u001b[0K`;
  return `${mark('section_start')}${title}\n${text}${mark('section_end')}\n`;
}
