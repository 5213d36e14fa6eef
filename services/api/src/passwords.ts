import { Failure } from "@parley/base";
import { hash, verify } from "@node-rs/argon2";

/** OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const PASSWORD_CHARACTERS_MIN = 8;
const PASSWORD_CHARACTERS_MAX = 256;
/** Hashes at a time: each takes 19 MiB and tens of milliseconds of a processor. */
const HASHES_MAX = 16;

/** Hashes and checks passwords, a bounded number at a time. */
export class Passwords {
  #running = 0;
  #dummyHash: Promise<string> | undefined;

  /** Errors: "bad-request" for a password of a wrong length, "too-many-requests". */
  async hash(password: string): Promise<string> {
    if (password.length < PASSWORD_CHARACTERS_MIN || password.length > PASSWORD_CHARACTERS_MAX) {
      const rule = `${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX} characters`;
      throw new Failure("bad-request", `A password has ${rule}.`, { retry: "after-change" });
    }
    return this.#bounded(() => hash(password, ARGON2ID));
  }

  /** Whether the password fits. Without a hash the same work is done, so that the time tells nothing. */
  async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    if (password.length > PASSWORD_CHARACTERS_MAX) return false;
    this.#dummyHash ??= hash("no account has this password", ARGON2ID);
    const dummy = await this.#dummyHash;
    const fits = await this.#bounded(() => verify(passwordHash ?? dummy, password));
    return fits && passwordHash !== undefined;
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= HASHES_MAX) {
      throw new Failure("too-many-requests", "Too many sign-ins at a time.", {
        retry: "same",
        retryAfterMs: 1000,
      });
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
