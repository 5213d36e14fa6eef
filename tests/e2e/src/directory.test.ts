/** Goal: whoever knows where somebody works, and not the name, finds them in the directory and starts a chat. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type UserId, DEPARTMENT_PAGE_MAX } from "@parley/protocol";
import { violationsOn } from "./testing/axe.js";
import { eventually, SKIP, withBench } from "./testing/web-bench.js";

test("the directory leads from a department to somebody in it, and to a chat", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const tenant = "main";
    const colleague = { title: "Engineer", department: "Engineering/Platform" };
    await bench.server.operations.setDetails({ tenant, userId: "bob", ...colleague });
    await bench.server.operations.setDetails({ tenant, userId: "erik", department: "Engineering" });
    const users = Array.from({ length: DEPARTMENT_PAGE_MAX }, (_, index) => ({
      userId: `crew-${index}` as UserId,
      name: `Zed ${index}`,
    }));
    await bench.server.operations.addUsers({ tenant, users });
    const page = await bench.signIn(await bench.browser({ viewport: { width: 390, height: 780 } }), "Alice");
    await page.getByRole("button", { name: /^Menu/u }).click();
    await page.getByRole("button", { name: "Directory" }).click();
    const dialog = page.getByRole("dialog", { name: "Directory" });
    const departments = dialog.getByRole("list", { name: "Departments" }).getByRole("button");
    const people = dialog.getByRole("list", { name: "People" }).getByRole("button");
    await eventually(() => departments.allInnerTexts(), ["Engineering\n2 people"]);
    deepEqual(await violationsOn(page), []);

    await eventually(() => people.count(), DEPARTMENT_PAGE_MAX);
    await dialog.getByRole("button", { name: "Show more" }).click();
    await people.filter({ hasText: "crew-99" }).waitFor();
    await dialog.getByRole("button", { name: "Show more" }).waitFor({ state: "detached" });

    // With the keyboard: from the field to the department, and on from where the focus is put.
    await dialog.getByRole("searchbox").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await eventually(() => people.locator("[dir=auto]").allInnerTexts(), ["Erik Lindqvist"]);
    const here = dialog.getByRole("navigation").locator("[aria-current=page]");
    await eventually(() => here.evaluate((each) => each === document.activeElement), true);
    await departments.filter({ hasText: "Platform" }).click();
    await eventually(() => people.locator("[dir=auto]").allInnerTexts(), ["Bob Tanaka"]);
    deepEqual(await dialog.getByRole("navigation").getByRole("button").allInnerTexts(), [
      "Everybody",
      "Engineering",
      "Platform",
    ]);
    deepEqual(await violationsOn(page), []);

    // The search looks everywhere, and what was there stands there again without it.
    await dialog.getByRole("searchbox").fill("lindq");
    await dialog.getByRole("button", { name: /Erik/u }).waitFor();
    await dialog.getByRole("searchbox").fill("");
    await people.filter({ hasText: "Bob" }).click();
    const card = page.getByRole("dialog", { name: "Profile" });
    await card.getByText("Engineering › Platform").waitFor();
    await card.getByRole("button", { name: "Message" }).click();
    await page.getByRole("region", { name: /^Bob/u }).waitFor();
    deepEqual(await page.getByRole("dialog").count(), 0);

    // Without a connection it says so, and is there with the next one.
    bench.expectTrouble();
    await bench.server.stop();
    await page.getByRole("button", { name: "Back to the list" }).click();
    await page.getByRole("button", { name: /^Menu/u }).click();
    await page.getByRole("button", { name: "Directory" }).click();
    await dialog.getByText("Loaded when there is a connection…").waitFor();
    await bench.server.start();
    await eventually(() => departments.allInnerTexts(), ["Engineering\n2 people"]);
  });
});
