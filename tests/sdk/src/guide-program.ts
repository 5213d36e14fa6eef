/**
 * Makes a program of a guide: its blocks of TypeScript, one after the other. What a line prints and its comment says, it has to
 * print: `console.log(state); // "live"`.
 */

/** The address that guides name, and programs are given another for. */
const EXAMPLE_URL = '"https://chat.example.org"';

/** A guide as a module with one function, and how many of its lines say what they print. */
export interface GuideProgram {
  readonly text: string;
  readonly expectations: number;
  readonly extension: "ts" | "tsx";
}

/** What a program calls for each line that says what it prints. */
export type Expect = (actual: unknown, expected: unknown, line: string) => void;

export function programOf(markdown: string): GuideProgram {
  const blocks = [...markdown.matchAll(/^```(tsx?)\n([^]*?)^```$/gm)];
  const code = blocks.map(([, , text]) => text).join("\n");
  const imports: string[] = [];
  const body = code.replaceAll(/^import [^;]*;$/gm, (statement) => {
    imports.push(statement);
    return "";
  });
  let expectations = 0;
  const checked = body.replaceAll(
    /^( *)console\.log\((.*)\); \/\/ (.*)$/gm,
    (line, indent: string, value: string, said: string) => {
      expectations += 1;
      return `${indent}expect(${value}, ${said}, ${JSON.stringify(line.trim())});`;
    },
  );
  if (body.split("console.log(").length - 1 !== expectations)
    throw new Error("A guide prints something and does not say what.");
  const text = [
    ...imports,
    "type Expect = (actual: unknown, expected: unknown, line: string) => void;",
    "export async function run(givenUrl: string, expect: Expect): Promise<void> {",
    checked.replaceAll(EXAMPLE_URL, "givenUrl"),
    "}",
  ].join("\n");
  return { text, expectations, extension: blocks.some(([, language]) => language === "tsx") ? "tsx" : "ts" };
}
