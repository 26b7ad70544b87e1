"""What a job's process says is checked before anything else sees it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import AppError, MediaNotFound, UpstreamBusy
from entrepot.jobs import messages
from entrepot.jobs.work import Kind, LogLine, Outcome, Progress, Source, Stage, StoredFile
from tests.jobs.conftest import NOW

SOURCE = Source(
    "https://example.com/ü", "Title", "Bob", 1.5, "https://example.com/t.png", {"views": [1, None]}
)
FILE = StoredFile("main", "a.bin", "text/plain", "a" * 64, 2**40, "files/a.bin")


def understood(message: dict[str, Any]) -> messages.Said:
    return messages.understand(json.loads(json.dumps(message)), at=NOW)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (messages.kind_message(Kind.MEDIA), Kind.MEDIA),
        (messages.source_message(SOURCE), SOURCE),
        (
            messages.progress_message(Progress(Stage.STORING, 12.5, 10, 80, 2.5, 28.0)),
            Progress(Stage.STORING, 12.5, 10, 80, 2.5, 28.0),
        ),
        (messages.log_message("error", "two\nlines"), LogLine(NOW, "error", "two\nlines")),
        (messages.done_message(Outcome((FILE,), SOURCE)), Outcome((FILE,), SOURCE)),
    ],
)
def test_what_is_said_is_what_is_understood(message: dict[str, Any], said: object) -> None:
    assert understood(message) == said


def test_an_error_keeps_its_code_its_text_and_its_wish_for_patience() -> None:
    said = understood(
        messages.error_message(UpstreamBusy("Busy.", retry_after_seconds=7, upstream_status=503))
    )
    assert isinstance(said, UpstreamBusy)
    assert (said.detail, said.retry_after_seconds) == ("Busy.", 7)
    assert isinstance(understood(messages.error_message(MediaNotFound())), MediaNotFound)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "hello"},
        {"type": None},
        {"type": ["kind"]},
        {"type": "kind", "kind": "virus"},
        {"type": "source", "source": None},
        {"type": "source", "source": {**messages.source_message(SOURCE)["source"], "url": 5}},
        {"type": "source", "source": {**messages.source_message(SOURCE)["source"], "details": [1]}},
        {"type": "progress", "progress": {"stage": "flying"}},
        {"type": "progress", "progress": "far"},
        {"type": "progress", "progress": []},
        {"type": "log", "level": "info"},
        {"type": "log", "level": "info", "message": {}},
        {"type": "done", "outcome": {"files": [{}], "source": {}}},
        {"type": "done", "outcome": {"files": 5}},
        {"type": "error", "error": []},
        {"type": "error", "error": {"code": "x", "message": None, "retry_after_seconds": None}},
    ],
)
def test_nonsense_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"message|file|is not a valid|details"):
        understood(message)


@pytest.mark.parametrize(
    "change", [{"sha256": "A" * 64}, {"sha256": "../../x"}, {"sha256": 5}, {"size_bytes": None}]
)
def test_a_file_without_a_true_hash_and_size_is_refused(change: dict[str, Any]) -> None:
    message = messages.done_message(Outcome((FILE,), SOURCE))
    message["outcome"]["files"] = [{**message["outcome"]["files"][0], **change}]
    with pytest.raises(ValueError, match=r"message|file|is not a valid|details"):
        understood(message)


def progress(**changes: Any) -> Progress:
    message = messages.progress_message(Progress(Stage.DOWNLOADING))
    said = understood({**message, "progress": {**message["progress"], **changes}})
    assert isinstance(said, Progress)
    return said


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"percent": 250}, "percent", 100.0),
        ({"percent": -3.5}, "percent", 0.0),
        ({"percent": None}, "percent", 0.0),
        ({"percent": float("nan")}, "percent", 0.0),
        ({"percent": True}, "percent", 0.0),
        ({"speed_bps": float("inf")}, "speed_bps", None),
        ({"eta_seconds": "soon"}, "eta_seconds", None),
        ({"total_bytes": -1}, "total_bytes", 0),
        ({"total_bytes": 10**30}, "total_bytes", 2**62),
        ({"total_bytes": 2**53 + 1}, "total_bytes", 2**53 + 1),
        ({"downloaded_bytes": 1.9}, "downloaded_bytes", 1),
    ],
)
def test_numbers_are_bounded(changes: dict[str, Any], field: str, value: object) -> None:
    assert getattr(progress(**changes), field) == value


def test_texts_are_cut_and_cleaned() -> None:
    hostile = "a\x00b\x1b[31mc\ud800d\r" + "x" * 20_000
    said = understood(messages.source_message(Source(url="u", title=hostile, details={hostile: [hostile]})))
    assert isinstance(said, Source)
    assert said.title is not None
    assert said.title.startswith("a\ufffdb\ufffd[31mc\ufffdd\ufffdx")
    assert len(said.title) == 8192
    json.dumps(said.details).encode()
    assert "\x00" not in json.dumps(said.details, ensure_ascii=False)
    line = understood({"type": "log", "level": "shout", "message": hostile})
    assert isinstance(line, LogLine)
    assert (line.level, len(line.message)) == ("info", messages.MAX_LOG_CHARACTERS)


def test_details_that_are_too_large_are_left_out() -> None:
    said = understood(messages.source_message(Source(url="u", title="T", details={"a": ["x" * 1000] * 100})))
    assert said == Source(url="u", title="T", details={})


def test_a_number_that_json_does_not_know_becomes_none() -> None:
    said = understood(messages.source_message(Source(url="u", details={"a": float("nan"), "b": 1.5})))
    assert isinstance(said, Source)
    assert said.details == {"a": None, "b": 1.5}


def test_depth_is_no_way_in() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    message = messages.source_message(Source(url="u"))
    message["source"]["details"] = {"a": deep}
    try:
        assert isinstance(messages.understand(message, at=NOW), Source)
    except ValueError as error:
        assert "message" in str(error)  # noqa: PT017 - either answer is right; nothing else is


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["kind", "source", "progress", "log", "done", "error"]), JSON, JSON)
def test_any_message_is_understood_or_refused(kind: str, first: Any, second: Any) -> None:
    message = {"type": kind, kind: first, "outcome": first, "level": second, "message": second}
    try:
        said = messages.understand(message, at=NOW)
    except ValueError:
        return
    assert isinstance(said, Kind | Source | Progress | LogLine | Outcome | AppError)
