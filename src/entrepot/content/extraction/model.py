"""The trained model: weights of tokens, forests and networks, read once from the file beside it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.forest import Forest
from entrepot.content.extraction.head import Head
from entrepot.content.extraction.kinds import KINDS, TOTALS, page_numbers, page_tokens
from entrepot.content.extraction.lines import line_table
from entrepot.content.extraction.measures import Floats, Measures
from entrepot.content.extraction.network import Network
from entrepot.content.extraction.outline import Outline
from entrepot.content.extraction.vocabulary import line_tokens, name_tokens

Chances = npt.NDArray[np.float64]

_NOTHING = repeat(0.0)
_NETWORK_SHARE = 0.3
"""How much of a line's log-odds the network says; the trees say the rest."""

_SUREST = 9.2
"""The log-odds beyond which neither is believed."""

_KIN_SHARE = 0.5
"""How much of a line's chance is that of all its kin: lines in the same names and tags belong together."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The chance of each line to belong to the content, and that of the page to be of each of `KINDS`."""

    lines: Chances
    kinds: Chances

    @property
    def kind(self) -> str:
        return KINDS[int(np.argmax(self.kinds))]


@dataclass(frozen=True, slots=True)
class Model:
    """`names`, `words`: weights of elements' and of lines' tokens; `pages`: a row of weights by kind for a page's tokens."""

    names: Mapping[str, float]
    words: Mapping[str, float]
    pages: Mapping[str, int]
    page_weights: Floats
    kind_forest: Forest
    line_forest: Forest
    line_network: Network

    def judge(self, outline: Outline, measures: Measures, head: Head) -> Judgement:
        """Judges a page that has lines."""
        said = tokens_of_wordings(measures)
        path_scores, word_scores = self.path_scores(outline), self.word_scores(said)[measures.wording]
        numbers = page_numbers(measures, word_scores)
        kinds = self._kinds(page_tokens(outline, said, head), numbers)
        table = line_table(outline, measures, path_scores, word_scores, head)
        columns = np.concatenate([table.matrix(), page_columns(kinds, numbers, measures.count)])
        chances = joined(self.line_forest.scores(columns)[0], self.line_network.scores(columns))
        return Judgement(with_kin(chances, measures), kinds)

    def path_scores(self, outline: Outline) -> Floats:
        """The weight of what the last element of each path is called."""
        shapes = outline.paths.shapes
        known = {shape: _total(self.names, name_tokens(*shape)) for shape in set(shapes)}
        return np.array([known[shape] for shape in shapes], np.float32)

    def word_scores(self, said: Sequence[Collection[str]]) -> Floats:
        """The weight of each line or wording; `said` are their tokens."""
        return np.array([_total(self.words, tokens) for tokens in said], np.float32)

    def kind_scores(self, tokens: Iterable[str]) -> Floats:
        """What a page's tokens alone say of its kind, as log-odds."""
        rows = sorted({0, *filter(None, map(self.pages.get, tokens))})
        return np.asarray(self.page_weights[rows].sum(axis=0, dtype=np.float32))

    def _kinds(self, tokens: Iterable[str], numbers: Floats) -> Chances:
        column = np.concatenate([self.kind_scores(tokens), numbers])[:, None].astype(np.float32)
        scores = self.kind_forest.scores(column, groups=len(KINDS))[:, 0]
        raised = np.exp(scores - scores.max())
        return np.asarray(raised / raised.sum())


def tokens_of_wordings(measures: Measures) -> list[tuple[str, ...]]:
    """The tokens of each wording of a page's lines, each once."""
    return [tuple(dict.fromkeys(line_tokens(text))) for text in measures.lowered_wordings]


def page_columns(kinds: Chances, numbers: Floats, count: int) -> Floats:
    """The features that all lines of a page share, as features by lines."""
    shared = np.concatenate([kinds, numbers[:TOTALS]]).astype(np.float32)
    return np.repeat(shared[:, None], count, axis=1)


def joined(trees: Chances, network: Chances) -> Chances:
    """The chances that two log-odds make together."""
    odds = [np.clip(said, -_SUREST, _SUREST) for said in (trees, network)]
    return np.asarray(1 / (1 + np.exp(-((1 - _NETWORK_SHARE) * odds[0] + _NETWORK_SHARE * odds[1]))))


def with_kin(chances: Chances, measures: Measures) -> Chances:
    """Chances drawn towards the mean of each line's kin, by words."""
    means = measures.by_kin(chances * measures.words) / np.maximum(measures.by_kin(measures.words), 1)
    return np.asarray((1 - _KIN_SHARE) * chances + _KIN_SHARE * means)


@cache
def the_model() -> Model:
    """The model that the package carries."""
    with (
        files(__package__).joinpath("model.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return from_arrays(dict(arrays))


def from_arrays(arrays: Mapping[str, Any]) -> Model:
    """A model as `train` wrote it: arrays, and lists of tokens as JSON."""

    def tokens(name: str) -> list[str]:
        found: list[str] = json.loads(arrays[f"{name}_tokens"].tobytes())
        return found

    def weights(name: str) -> dict[str, float]:
        return dict(zip(tokens(name), arrays[f"{name}_weights"].astype(np.float32).tolist(), strict=True))

    return Model(
        names=weights("names"),
        words=weights("words"),
        pages={token: row for row, token in enumerate(tokens("pages"), 1)},
        page_weights=arrays["pages_weights"].astype(np.float32),
        kind_forest=Forest.from_arrays(arrays, "kind"),
        line_forest=Forest.from_arrays(arrays, "line"),
        line_network=Network.from_arrays(arrays, "network"),
    )


def _total(weights: Mapping[str, float], tokens: Iterable[str]) -> float:
    return sum(map(weights.get, tokens, _NOTHING))
