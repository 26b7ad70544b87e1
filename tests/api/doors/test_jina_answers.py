"""Jina Reader's forms."""

from entrepot.api.doors.jina_answers import as_data, as_text, envelope, error_body, event
from entrepot.errors import BadInput, UpstreamBusy

PAGE = {
    "url": "https://a.example/",
    "title": "A\n title",
    "content": "# A\n\nWords.\n",
    "published_at": None,
    "warning": None,
}


def test_text_is_exactly_title_source_and_content() -> None:
    assert as_text(PAGE, "content") == (
        "Title: A title\n\nURL Source: https://a.example/\n\nMarkdown Content:\n# A\n\nWords.\n"
    )


def test_time_and_warning_stand_before_the_content() -> None:
    page = {**PAGE, "published_at": "2026-01-01", "warning": "A log-in is asked for."}
    assert (
        "/\n\nPublished Time: 2026-01-01\n\nWarning: A log-in is asked for.\n\nMarkdown Content:\n"
        in as_text(page, "content")
    )


def test_page_without_a_title_keeps_the_form() -> None:
    assert as_text({**PAGE, "title": None}, "content").startswith("Title: \n\nURL Source: ")


def test_other_forms_are_bare() -> None:
    assert as_text(PAGE, "markdown") == PAGE["content"]


def test_each_form_has_its_own_member() -> None:
    assert [
        next(iter(as_data(PAGE, form).keys() & {"content", "html", "text"}))
        for form in ("content", "html", "text")
    ] == [
        "content",
        "html",
        "text",
    ]


def test_envelope_counts_tokens_once_more() -> None:
    data = as_data(PAGE, "content")
    assert envelope(data)["meta"] == {"usage": data["usage"]}


def test_links_with_the_same_text_are_named_once() -> None:
    page = {
        **PAGE,
        "links": [{"href": "x", "text": "a"}, {"href": "y", "text": "a"}, {"href": "z", "text": ""}],
    }
    assert as_data(page, "content", with_links=True)["links"] == {"a": "x", "z": "z"}


def test_errors_tell_whose_they_are() -> None:
    mine, theirs = error_body(BadInput("No.")), error_body(UpstreamBusy("Busy."))
    assert (mine["name"], mine["status"], mine["code"]) == ("ParamValidationError", 40001, 400)
    assert (theirs["name"], theirs["status"], theirs["code"]) == ("UpstreamBusy", 50200, 502)


def test_event_is_one_line_of_data() -> None:
    assert event("data", {"a": "b\nc"}) == 'event: data\ndata: {"a": "b\\nc"}\n\n'
