import type { RichBlock, RichBody, RichSpan } from "@parley/protocol";
import { isSafeLink } from "@parley/protocol";
import type { JSX, ReactNode } from "react";
import { useNames } from "../session/chat-context.js";
import styles from "./rich-text.module.css";

/** A rich text, made element by element from its model. Never HTML. */
export function RichText({ rich }: { readonly rich: RichBody }): JSX.Element {
  return (
    <div className={styles.rich} dir="auto">
      {rich.blocks.map((block, index) => (
        <Block key={index} block={block} number={numberOf(rich.blocks, index)} />
      ))}
    </div>
  );
}

function Block({ block, number }: { readonly block: RichBlock; readonly number: number }): JSX.Element {
  const { kind, level, isOrdered, language, spans } = block;
  const content = spans.map((span, index) => <Span key={index} span={span} />);
  switch (kind) {
    case "heading":
      return (
        <p className={styles.heading} role="heading" aria-level={level + 2} data-level={level}>
          {content}
        </p>
      );
    case "item":
      return (
        <p className={styles.item} data-level={level}>
          <span className={styles.marker}>{isOrdered ? `${number}.` : "•"}</span>
          <span>{content}</span>
        </p>
      );
    case "quote":
      return <blockquote className={styles.quote}>{content}</blockquote>;
    case "code":
      return (
        <pre className={styles.code} data-language={language} dir="ltr">
          <code>{spans[0]?.text}</code>
        </pre>
      );
    case "rule":
      return <hr className={styles.rule} />;
    case "paragraph":
    default:
      // A kind of a newer version says what it says.
      return <p>{content}</p>;
  }
}

function Span({ span }: { readonly span: RichSpan }): JSX.Element {
  const { text, isBold, isItalic, isStruck, isCode, link, userId } = span;
  const nameOf = useNames();
  let content: ReactNode = text;
  if (userId !== "") content = <span className={styles.mention}>@{nameOf(userId)}</span>;
  if (isCode) content = <code className={styles.inline}>{content}</code>;
  if (isStruck) content = <s>{content}</s>;
  if (isItalic) content = <i>{content}</i>;
  if (isBold) content = <b>{content}</b>;
  if (!isSafeLink(link)) return <>{content}</>;
  return (
    <a href={link} target="_blank" rel="noopener noreferrer nofollow">
      {content}
    </a>
  );
}

/** The number of an ordered item: it counts those of its level since its list, or that part of it, began. */
function numberOf(blocks: readonly RichBlock[], index: number): number {
  const { kind, level } = blocks[index]!;
  let number = 1;
  for (let at = index - 1; at >= 0; at--) {
    const before = blocks[at]!;
    if (kind !== "item" || before.kind !== "item" || before.level < level) break;
    if (before.level === level && before.isOrdered) number += 1;
    if (before.level === level && !before.isOrdered) break;
  }
  return number;
}
