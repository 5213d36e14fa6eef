import type { JSX } from "react";

/** An entry of the menu of a message. */
export function MenuItem(props: {
  readonly label: string;
  readonly isDanger?: boolean;
  readonly onClick: () => void;
}): JSX.Element {
  const { label, isDanger = false, onClick } = props;
  return (
    <button type="button" role="menuitem" data-danger={isDanger} onClick={onClick}>
      {label}
    </button>
  );
}
