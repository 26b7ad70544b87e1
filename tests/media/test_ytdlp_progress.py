"""One percentage over several files."""

from entrepot.media.extractors.ytdlp_progress import ProgressMeter, progress_message, read_progress

VIDEO = {"format_id": "v", "filesize": 9000}
SOUND = {"format_id": "a", "filesize": 1000}


def _status(
    part: str, done: int, total: int | None, status: str = "downloading", **more: object
) -> dict[str, object]:
    return {
        "info_dict": {"format_id": part},
        "status": status,
        "downloaded_bytes": done,
        "total_bytes": total,
        **more,
    }


def test_parts_count_by_their_size() -> None:
    meter = ProgressMeter([VIDEO, SOUND])
    after_video = meter.note(_status("v", 9000, 9000, "finished"))
    after_sound = meter.note(_status("a", 1000, 1000, "finished"))
    assert after_video is not None
    assert after_sound is not None
    assert (after_video.percent, after_sound.percent) == (82.8, 92.0)
    assert after_video.total_bytes is None
    assert (after_sound.downloaded_bytes, after_sound.total_bytes) == (10000, 10000)


def test_restarted_part_does_not_turn_the_percentage_back() -> None:
    meter = ProgressMeter([VIDEO])
    assert meter.note(_status("v", 4500, 9000, "finished")) is not None
    before = meter.converting().percent
    meter.note(_status("v", 0, 9000))
    assert meter.converting().percent >= before


def test_fragments_count_by_number() -> None:
    meter = ProgressMeter([VIDEO])
    told = meter.note(_status("v", 100, None, fragment_index=1, fragment_count=4))
    assert told is not None
    assert told.percent == 23.0


def test_unknown_size_tells_bytes_and_no_total() -> None:
    told = ProgressMeter([{"format_id": "v"}]).note(_status("v", 500, None))
    assert told is not None
    assert (told.downloaded_bytes, told.total_bytes, told.percent) == (500, None, 0.0)


def test_calls_in_quick_succession_are_thinned_out() -> None:
    meter = ProgressMeter([VIDEO])
    told = [meter.note(_status("v", done, 9000)) for done in range(1000)]
    assert told[0] is not None
    assert sum(one is not None for one in told) < 50


def test_progress_survives_the_way_between_processes() -> None:
    progress = ProgressMeter([VIDEO]).converting(is_done=True)
    assert read_progress(progress_message(progress)) == progress
