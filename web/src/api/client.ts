/** The typed client of the service: every call returns the answer's body or throws a Problem. */
import createClient from "openapi-fetch";
import { problemFrom, problemFromAnswer } from "@/api/problem";
import type { components, paths } from "@/api/schema";

export type Job = components["schemas"]["DownloadResponse"];
export type JobStatus = Job["status"];
export type JobFile = components["schemas"]["FileInfo"];
export type LogLine = components["schemas"]["LogLine"];
export type Metadata = components["schemas"]["Metadata"];
export type DownloadRequest = components["schemas"]["DownloadRequest"];
export type DownloadList = components["schemas"]["DownloadList"];

export const EVENTS_URL = "/api/v1/downloads/events";

const http = createClient<paths>({ baseUrl: "" });

async function bodyOf<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch((thrown: unknown) => {
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    throw problemFrom(thrown);
  });
  if (data === undefined) throw problemFromAnswer(response.status, error);
  return data;
}

export function fetchMetadata(url: string, signal: AbortSignal): Promise<Metadata> {
  return bodyOf(http.GET("/api/v1/metadata", { params: { query: { url } }, signal }));
}

export function startDownload(body: DownloadRequest, idempotencyKey: string): Promise<Job> {
  const header = { "idempotency-key": idempotencyKey };
  return bodyOf(http.POST("/api/v1/download", { params: { header }, body }));
}

export function fetchJob(id: string, signal: AbortSignal): Promise<Job> {
  return bodyOf(http.GET("/api/v1/download/{job_id}", { params: { path: { job_id: id } }, signal }));
}

export interface ListQuery {
  status?: JobStatus;
  q?: string;
  cursor?: string;
}

export function fetchJobs(query: ListQuery, signal?: AbortSignal): Promise<DownloadList> {
  return bodyOf(http.GET("/api/v1/downloads", { params: { query: { limit: 50, ...query } }, ...(signal && { signal }) }));
}

export function cancelJob(id: string): Promise<Job> {
  return bodyOf(http.DELETE("/api/v1/download/{job_id}", { params: { path: { job_id: id } } }));
}

export async function retryJob(id: string): Promise<void> {
  await bodyOf(http.POST("/v1/download/retry/{job_id}", { params: { path: { job_id: id } } }));
}

export async function fetchLog(id: string, after: number, signal: AbortSignal): Promise<LogLine[]> {
  const path = { params: { path: { job_id: id }, query: { after } }, signal };
  return (await bodyOf(http.GET("/api/v1/download/{job_id}/logs", path))).items;
}
