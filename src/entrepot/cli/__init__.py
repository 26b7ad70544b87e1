"""The command line: data on stdout, progress on stderr, `--json` everywhere, documented exit codes."""

from entrepot.cli.main import main

__all__ = ["main"]
