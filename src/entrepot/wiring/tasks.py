"""The tasks that the nursery's children can be given, built once in the warm parent with its libraries loaded."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from entrepot.fetch.client import FetchClient
from entrepot.jobs.desk import perform
from entrepot.jobs.work import TASK, Kind, Pipeline
from entrepot.media.contract import Equipment, Extractor
from entrepot.media.extractors.ytdlp import warm_up
from entrepot.media.registry import equip_extractors
from entrepot.pipelines import browser_child, conversion, converter, difference, preview
from entrepot.pipelines.choose import AutoPipeline, Chooser
from entrepot.pipelines.file import FilePipeline
from entrepot.pipelines.media import MediaPipeline
from entrepot.pipelines.page import PagePipeline
from entrepot.pipelines.prepare import PreparePipeline
from entrepot.pipelines.segmented import SegmentPolicy
from entrepot.processes.channel import Channel
from entrepot.storage.local import LocalStore
from entrepot.telemetry import configure_logs
from entrepot.wiring.data_folder import DataFolder
from entrepot.wiring.limits import file_limits, page_limits
from entrepot.wiring.nest import NestPlan
from entrepot.wiring.reach import build_guard

Task = Callable[[dict[str, Any], Channel], None]


def child_tasks(plan_json: str) -> Mapping[str, Task]:
    """The tasks by name. Called in the warm parent, so everything made here is shared by all children."""
    plan = NestPlan.from_json(plan_json)
    configure_logs(plan.settings.log_level, plan.settings.log_format)
    warm_up()
    conversion.warm_up()
    guard = build_guard(plan.settings, plan.own)

    def new_client() -> FetchClient:
        return FetchClient(guard, user_agent=plan.settings.user_agent, ca_file=plan.settings.ca_file)

    reach = conversion.Reach(plan.proxy_url, plan.settings.user_agent)
    extractors = equip_extractors(_equipment(plan))
    chooser = Chooser(new_client, extractors)
    pipelines = _pipelines(plan, new_client, extractors, chooser)
    return {
        TASK: lambda payload, channel: perform(payload, channel, pipelines),
        preview.TASK: lambda payload, channel: preview.child_describe(payload, channel, chooser),
        converter.TASK: lambda payload, channel: converter.child_foreman(payload, channel, reach),
        browser_child.TASK: browser_child.child_browse,
        difference.TASK: difference.child_compare,
    }


def _pipelines(
    plan: NestPlan, new_client: Callable[[], FetchClient], extractors: tuple[Extractor, ...], chooser: Chooser
) -> Mapping[Kind, Pipeline]:
    settings = plan.settings
    store = LocalStore(DataFolder(settings.data_dir.absolute()).root)
    kinds: dict[Kind, Pipeline] = {
        Kind.FILE: FilePipeline(
            new_client,
            store,
            file_limits(settings),
            segments=SegmentPolicy(connections=settings.file_connections),
        ),
        Kind.MEDIA: MediaPipeline(extractors, store),
        Kind.PAGE: PagePipeline(new_client, store, page_limits(settings)),
        Kind.PREPARE: PreparePipeline(store),
    }
    return {**kinds, Kind.AUTO: AutoPipeline(chooser, kinds)}


def _equipment(plan: NestPlan) -> Equipment:
    from imageio_ffmpeg import get_ffmpeg_exe

    settings = plan.settings
    return Equipment(
        proxy_url=plan.proxy_url, ffmpeg=Path(get_ffmpeg_exe()), memory_bytes=settings.job_memory_bytes,
        max_file_bytes=settings.max_file_bytes, idle_seconds=settings.idle_timeout_seconds,
    )  # fmt: skip
