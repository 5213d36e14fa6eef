/** The files of the key store's directory, by name. Errors: whatever the file system says. */
export interface KeyFiles {
  /** The directory, for messages. */
  readonly path: string;
  /** The whole content; undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Creates a file, for its owner only, in place of what was there. Effects: its content is durable. */
  write(name: string, content: Uint8Array): Promise<void>;
  /** Gives a file another name, in place of what had it. Effects: atomic and durable. */
  rename(name: string, newName: string): Promise<void>;
}
