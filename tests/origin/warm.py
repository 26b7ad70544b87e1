"""Imported by the process that tests' children are forked from, so that it is as warm as the parent of real jobs."""

from entrepot.media.extractors.ytdlp import warm_up

warm_up()
