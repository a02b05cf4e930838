/** 32-bit FNV-1a hash of a text: stable, so that the sandbox answers the same in every process. */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // Mixes once (murmur3's finalizer), because FNV's low bits are weak on short texts that differ in the last digit.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** LID of a person: an id of digits that is not a phone number. */
export function lidOf(digits: string): string {
  return `1${String(stableHash(`lid ${digits}`)).padStart(14, '0')}@lid`;
}
