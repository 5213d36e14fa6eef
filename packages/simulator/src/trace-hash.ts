/** A running 64-bit hash (two FNV-1a lanes) over what happens; equal runs have equal hashes. */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x9747b28c;

  addEvent(atMs: number, sequence: number, label: string): void {
    // Times are fractions of milliseconds: microseconds are exact enough to tell two runs apart.
    this.#mix(Math.floor(atMs * 1000) | 0);
    this.#mix(sequence);
    this.add(label);
  }

  add(text: string): void {
    for (let index = 0; index < text.length; index++) this.#mix(text.charCodeAt(index));
  }

  text(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ (word + 0x9e37), 0x85ebca6b) ^ (this.#low >>> 13);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
