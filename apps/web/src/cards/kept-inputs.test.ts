import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { KEPT_CARDS_MAX, KeptInputs } from "./kept-inputs.js";

test("of so many cards it is kept what was put into them, of the last ones", () => {
  const kept = new KeptInputs();
  const inputs = new Map([["why", { type: "Input.Text", value: "because" }]]);
  for (let card = 0; card <= KEPT_CARDS_MAX; card++) kept.keep(`card ${card}`, inputs);
  kept.keep("card 5", new Map());
  deepEqual(
    ["card 0", "card 1", "card 5", `card ${KEPT_CARDS_MAX}`].map((card) => kept.read(card).size),
    [0, 1, 0, 1],
  );
});
