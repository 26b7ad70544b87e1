import { expect, test } from "vitest";
import { Turnstile } from "@/arrivals/turnstile";

function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const patient = new AbortController().signal;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

test("no more calls run at once than it is wide", async () => {
  const turnstile = new Turnstile(2);
  const gates = [gate(), gate(), gate()];
  let running = 0;
  const calls = gates.map(({ opened }) => turnstile.pass(async () => { running += 1; await opened; }, patient));
  await turn();
  expect(running).toBe(2);
  gates[0]?.open();
  await turn();
  expect(running).toBe(3);
  for (const { open } of gates) open();
  await Promise.all(calls);
});

test("a failed call lets the next one in", async () => {
  const turnstile = new Turnstile(1);
  const failed = turnstile.pass(() => Promise.reject(new Error("no")), patient);
  const next = turnstile.pass(async () => "in", patient);
  await expect(failed).rejects.toThrow("no");
  await expect(next).resolves.toBe("in");
});

test("a call that was given up while it waited never runs", async () => {
  const turnstile = new Turnstile(1);
  const first = gate();
  const running = turnstile.pass(() => first.opened, patient);
  const control = new AbortController();
  let hasRun = false;
  const waiting = turnstile.pass(async () => { hasRun = true; }, control.signal);
  control.abort();
  first.open();
  await running;
  await expect(waiting).rejects.toThrow();
  expect(hasRun).toBe(false);
});
