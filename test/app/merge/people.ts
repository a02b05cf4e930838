/** A number for each row: made up, and possible. */
export function person(row: number): string {
  return `91987453${String(row).padStart(4, '0')}`;
}
