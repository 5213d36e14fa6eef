import { Failure, failureCode, type Logger, messageOf } from "@parley/base";
import { parseCredentials, type PushCredentials } from "@parley/notification";
import { readFile, stat } from "node:fs/promises";

/** How often the file is looked at. */
export const CREDENTIALS_CHECK_MS = 5_000;
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** The operator's file of push credentials, read again when it changes. */
export class PushCredentialsFile {
  readonly #path: string;
  #credentials: PushCredentials;
  #stamp: string;
  #isChecking = false;

  private constructor(path: string, credentials: PushCredentials, stamp: string) {
    this.#path = path;
    this.#credentials = credentials;
    this.#stamp = stamp;
  }

  /** Errors: "bad-setting". */
  static async open(path: string): Promise<PushCredentialsFile> {
    try {
      const stamp = await stampOf(path);
      return new PushCredentialsFile(path, parseCredentials(await readFile(path, "utf8")), stamp);
    } catch (cause) {
      if (failureCode(cause) === "bad-setting") throw cause;
      throw new Failure("bad-setting", `--push-credentials cannot be read: ${messageOf(cause)}.`, {
        retry: "after-change",
        details: { setting: "push-credentials" },
        cause,
      });
    }
  }

  get credentials(): PushCredentials {
    return this.#credentials;
  }

  /** Reads the file if it has changed. What is wrong with it is logged, and the credentials before still count. */
  check(logger: Logger): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.reload()
      .then((isNew) => {
        if (isNew) logger.info("push-credentials", { tenants: this.#credentials.size });
      })
      .catch((error: unknown) => logger.error("push-credentials-kept", { reason: messageOf(error) }))
      .finally(() => (this.#isChecking = false));
  }

  /** Whether there was something new. Errors: "bad-setting", those of reading a file; each is told once. */
  async reload(): Promise<boolean> {
    const stamp = await stampOf(this.#path);
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    this.#credentials = parseCredentials(await readFile(this.#path, "utf8"));
    return true;
  }
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino, mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    throw bad(`--push-credentials: ${path} holds keys and may be read by others: chmod 600 ${path}`);
  if (size > FILE_BYTES_MAX) throw bad(`--push-credentials: ${path} has more than ${FILE_BYTES_MAX} bytes.`);
  return [mtimeMs, size, ino].join("/");
}

function bad(message: string): Failure {
  return new Failure("bad-setting", message, {
    retry: "after-change",
    details: { setting: "push-credentials" },
  });
}
