import { expect, test } from "vitest";
import { Problem, problemFrom, problemFromAnswer, spoken } from "@/api/problem";

test("a problem document is read", () => {
  const body = { code: "destination-forbidden", title: "No", detail: "Not there.", status: 403, retryable: false };
  expect(problemFromAnswer(403, body)).toMatchObject(body);
});

test.each([[null], ["<html>"], [{}], [{ code: 7, detail: [] }]])("an answer of %j still becomes a problem", (body) => {
  expect(problemFromAnswer(502, body)).toMatchObject({ code: "http-502", status: 502, retryable: true });
});

test("a failed fetch is a lost connection, a problem stays itself", () => {
  expect(problemFrom(new TypeError("Failed to fetch"))).toMatchObject({ code: "no-connection", status: 0, retryable: true });
  const problem = problemFromAnswer(404, { code: "job-not-found" });
  expect(problemFrom(problem)).toBe(problem);
  expect(problem).toBeInstanceOf(Problem);
});

test("unknown codes are told in the service's own words", () => {
  expect(spoken("brand-new", "Something new")).toBe("Something new");
});
