/** What an account may say. */
import type { PersonPicture } from "@parley/contracts";
import { Failure } from "@parley/base";
import {
  type Profile,
  DEPARTMENT_BYTES_MAX,
  JOB_BYTES_MAX,
  NAME_BYTES_MAX,
  PICTURE_BYTES_MAX,
  STATUS_CHARACTERS_MAX,
} from "@parley/protocol";

/** What the organisation says of a user; what is left out stays. */
export interface AccountDetails {
  readonly name?: string;
  readonly title?: string;
  /** A path such as "Engineering/Platform". */
  readonly department?: string;
}

const PICTURE_TYPES: readonly string[] = ["image/jpeg", "image/png", "image/webp"];
// oxlint-disable-next-line no-control-regex -- What ends a line would stand on two.
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/u;

/** Names go out by the page; their bound is what keeps a page within a packet. Errors: "bad-request". */
export function checkName(name: string): void {
  checkBytes("A name", name, NAME_BYTES_MAX);
}

/** Errors: "bad-request". */
export function checkedDetails({ name, title, department }: AccountDetails): AccountDetails {
  if (name !== undefined) {
    checkName(name);
    if (name.trim() === "") throw bad("A name is not empty.");
  }
  if (title !== undefined) checkBytes("A title", title, JOB_BYTES_MAX);
  return {
    ...(name !== undefined && { name }),
    ...(title !== undefined && { title }),
    ...(department !== undefined && { department: checkedDepartment(department) }),
  };
}

/** A path without blanks around its parts. Errors: "bad-request". */
export function checkedDepartment(department: string): string {
  checkBytes("A department", department, DEPARTMENT_BYTES_MAX);
  const parts = department.split("/").map((part) => part.trim());
  if (department !== "" && parts.includes(""))
    throw bad("A department is a path such as Engineering/Platform.");
  return parts.join("/");
}

/** What of a profile its person may set. Errors: "bad-request". */
export function checkedUpdate(update: {
  readonly names: readonly string[];
  readonly profile: Profile | undefined;
}): { readonly statusText?: string } {
  const foreign = update.names.find((name) => name !== "statusText");
  if (foreign !== undefined)
    throw bad("Only statusText is a person's own to set: the organisation sets the rest.");
  if (update.names.length === 0) return {};
  const statusText = (update.profile?.statusText ?? "").trim();
  if (Array.from(statusText).length > STATUS_CHARACTERS_MAX)
    throw bad(`A status has at most ${STATUS_CHARACTERS_MAX} characters.`);
  if (CONTROL.test(statusText)) throw bad("A status is one line.");
  return { statusText };
}

/** Errors: "bad-request", "media-refused". */
export function checkPicture({ type, bytes }: Omit<PersonPicture, "version">): void {
  if (!PICTURE_TYPES.includes(type))
    throw new Failure("media-refused", "A picture is a JPEG, PNG or WebP file.", { retry: "after-change" });
  if (bytes.length > PICTURE_BYTES_MAX) throw bad(`A picture has at most ${PICTURE_BYTES_MAX} bytes.`);
}

function checkBytes(what: string, text: string, bytesMax: number): void {
  if (Buffer.byteLength(text) > bytesMax) throw bad(`${what} has at most ${bytesMax} bytes.`);
}

function bad(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
