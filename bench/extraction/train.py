"""`python -m bench.extraction.train PAGES`: trains the model of main content and writes it into the package.

PAGES holds `truth.jsonl` and `html/`. Needs lightgbm and scipy. `--cv` measures with cross-validation by site instead.
"""

import argparse
import json
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.sparse

from bench.extraction import networks
from bench.extraction.corpus import FOLDS, Sample, hits, load, word_f1
from entrepot.content.extraction import model as trained
from entrepot.content.extraction.choose import best_lines
from entrepot.content.extraction.forest import MAX_LEAVES
from entrepot.content.extraction.head import Head, head_of
from entrepot.content.extraction.kinds import KINDS, page_numbers, page_tokens
from entrepot.content.extraction.lines import line_table
from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.network import Network
from entrepot.content.extraction.outline import Outline, outline_of
from entrepot.content.extraction.repeats import repeated
from entrepot.content.extraction.vocabulary import is_pair, name_tokens
from entrepot.content.facts.metadata import read_metadata
from entrepot.content.facts.structured import json_ld_nodes
from entrepot.content.markup.clean import reveal
from entrepot.content.markup.tree import parse_html

TARGET = Path(trained.__file__).with_name("model.npz")
MAX_PAGE_TOKENS = 8000
MIN_TOKEN_WEIGHT = 0.02
LEAST_SITES = 4
LINES = {
    "objective": "cross_entropy", "num_leaves": MAX_LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 150,
    "feature_fraction": 0.15, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 20, "max_bin": 63,
}  # fmt: skip
KIND = {
    "objective": "multiclass", "num_class": len(KINDS), "num_leaves": 8, "learning_rate": 0.06, "min_data_in_leaf": 8,
    "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 2,
}  # fmt: skip
FIXED = {"verbose": -1, "seed": 1, "deterministic": True, "force_col_wise": True, "num_threads": 2}
LINE_ROUNDS, KIND_ROUNDS = 350, 80

Floats = npt.NDArray[np.float64]


@dataclass
class Row:
    """A page ready to train on. Scores and tables are filled in by models that did not see its fold."""

    sample: Sample
    outline: Outline
    head: Head
    measures: Measures
    said: list[tuple[str, ...]]
    truth: Floats
    sizes: Floats
    path_scores: Any = None
    word_scores: Any = None
    kind_scores: Any = None
    numbers: Any = None
    kinds: Any = None
    columns: Any = None
    chances: Any = None

    @property
    def weights(self) -> Floats:
        """What each line counts: long ones more, but a page as a whole as much as any other."""
        grown: Floats = np.minimum(self.sizes, 150) ** 0.7
        return grown / max(8.0, float(grown.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--part", default="build", choices=("build", "all"))
    parser.add_argument("--cv", action="store_true", help="cross-validate instead of writing a model")
    parser.add_argument("--cache", type=Path, help="a file to keep parsed pages in")
    parser.add_argument("--target", type=Path, default=TARGET)
    args = parser.parse_args()
    rows = _cached(args.cache, lambda: list(filter(None, map(_row, load(args.pages, args.part)))))
    for fold in range(FOLDS):
        inside = [row for row in rows if row.sample.fold != fold]
        _score(_tokens(inside), [row for row in rows if row.sample.fold == fold])
    for fold in range(FOLDS):
        forest = _kind_forest([row for row in rows if row.sample.fold != fold])
        for row in (row for row in rows if row.sample.fold == fold):
            row.kinds = forest.predict(_kind_row(row)[None])[0]
    for row in rows:
        _tabulate(row)
    if args.cv:
        _cross_validate(rows)
    else:
        arrays = {**_tokens(rows), **_arrays("kind", _kind_forest(rows)), **_arrays("line", _line_forest(rows)),
                  **_line_network(rows)}  # fmt: skip
        np.savez_compressed(args.target, **arrays)


def _cached(path: Path | None, make: Callable[[], list[Row]]) -> list[Row]:
    if path is not None and path.exists():
        found: list[Row] = pickle.loads(path.read_bytes())
        return found
    rows = make()
    if path is not None:
        path.write_bytes(pickle.dumps(rows))
    return rows


def _row(sample: Sample) -> Row | None:
    tree = parse_html(sample.html)
    facts = read_metadata(tree, sample.url)
    head = head_of(tree, sample.url, json_ld_nodes(tree), facts.title, facts.description)
    reveal(tree)
    outline = outline_of(tree)
    if not outline.lines:
        return None
    measures = Measures(outline)
    wordings = trained.tokens_of_wordings(measures)
    said = [wordings[place] for place in measures.wording]
    found, sizes = hits(measures.texts, sample.text)
    outline.elements = []
    for line in outline.lines:
        line.nodes = []
    size = np.array(sizes, float)
    return Row(sample, outline, head, measures, said, np.array(found) / np.maximum(size, 1), size)


def _tokens(rows: Sequence[Row]) -> dict[str, Any]:
    """Weights of tokens from logistic regressions: of names and of words for lines, of all for the kinds of pages."""
    names = _line_weights(rows, [_named_paths(row) for row in rows])
    words = _line_weights(rows, [(row.said, row.truth, _page_share(row)) for row in rows])
    arrays: dict[str, Any] = {}
    for name, weights in (("names", names), ("words", words)):
        kept = {token: weight for token, weight in weights.items() if abs(weight) >= MIN_TOKEN_WEIGHT}
        arrays[f"{name}_tokens"] = _spelled(kept)
        arrays[f"{name}_weights"] = np.array(list(kept.values()), np.float16)
    arrays["pages_tokens"], arrays["pages_weights"] = _page_weights(rows)
    return arrays


def _named_paths(row: Row) -> tuple[list[Iterable[str]], Floats, Floats]:
    """For each path that lines stand in: its tokens up to the root, the lines' truth and weight together."""
    paths: list[frozenset[str]] = []
    for parent, shape in zip(row.outline.paths.parents, row.outline.paths.shapes, strict=True):
        tokens = frozenset(name_tokens(*shape))
        paths.append(tokens | paths[parent] if parent >= 0 else tokens)
    _, first = np.unique(row.measures.kin, return_index=True)
    share, kin = _page_share(row), row.measures.kin
    weights: Floats = np.bincount(kin, share).astype(np.float64)
    truth = np.bincount(kin, share * row.truth) / np.maximum(weights, 1e-9)
    return [paths[row.outline.of_path[row.outline.lines[place].element]] for place in first], truth, weights


def _line_weights(
    rows: Sequence[Row], said: Sequence[tuple[Sequence[Iterable[str]], Floats, Floats]]
) -> dict[str, float]:
    vocabulary = _vocabulary(rows, [set().union(*lines) for lines, _, _ in said], LEAST_SITES)
    matrix = _matrix([tokens for lines, _, _ in said for tokens in lines], vocabulary)
    truth, weights = (np.concatenate([page[part] for page in said]) for part in (1, 2))
    solved = _logistic(matrix, truth, weights * 30, strength=1.0)
    return dict(zip(vocabulary, solved[1:].tolist(), strict=True))


def _page_share(row: Row) -> Floats:
    grown: Floats = np.sqrt(np.minimum(row.sizes, 60))
    return grown / max(5.0, float(grown.sum()))


def _page_weights(rows: Sequence[Row]) -> tuple[Any, Any]:
    said = [
        {token for token in page_tokens(row.outline, row.said, row.head) if not is_pair(token)}
        for row in rows
    ]
    vocabulary = _vocabulary(rows, said, 3)
    matrix, ones = _matrix(said, vocabulary), np.ones(len(rows))
    solved = np.stack(
        [_logistic(matrix, np.array([float(row.sample.kind == kind) for row in rows]), ones, strength=3.0) for kind in KINDS],
        axis=1,
    )  # fmt: skip
    best = np.sort(np.argsort(-np.square(solved[1:]).sum(axis=1), kind="stable")[:MAX_PAGE_TOKENS])
    tokens = list(vocabulary)
    return _spelled(tokens[place] for place in best), solved[[0, *(best + 1)]].astype(np.float16)


def _vocabulary(rows: Sequence[Row], said: Sequence[set[str]], least_sites: int) -> dict[str, int]:
    """Tokens that as many sites have, with their places."""
    sites: dict[str, set[str]] = defaultdict(set)
    for row, tokens in zip(rows, said, strict=True):
        for token in tokens:
            sites[token].add(row.sample.site)
    return {
        token: place
        for place, token in enumerate(sorted(t for t, s in sites.items() if len(s) >= least_sites))
    }


def _matrix(said: Sequence[Iterable[str]], vocabulary: dict[str, int]) -> Any:
    columns = [sorted({vocabulary[token] for token in tokens if token in vocabulary}) for tokens in said]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([place for line in columns for place in line], np.int64)
    return scipy.sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(said), len(vocabulary)))


def _logistic(matrix: Any, truth: Floats, weights: Floats, *, strength: float) -> Floats:
    """Weights of a logistic regression with a penalty on their squares; the first is the constant."""

    def loss(guess: Floats) -> tuple[float, Floats]:
        odds = matrix @ guess[1:] + guess[0]
        slope = weights * (1 / (1 + np.exp(-odds)) - truth)
        value = float((weights * (np.logaddexp(0, odds) - truth * odds)).sum())
        gradient = np.concatenate([[slope.sum()], matrix.T @ slope + strength * guess[1:]])
        return value + 0.5 * strength * float(np.square(guess[1:]).sum()), gradient

    share = float((truth * weights).sum() / weights.sum())
    start = np.zeros(matrix.shape[1] + 1)
    start[0] = np.log(share / (1 - share))
    found = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return np.asarray(found.x)


def _score(arrays: dict[str, Any], rows: Sequence[Row]) -> None:
    judge = trained.from_arrays({**arrays, **_no_forests()})
    for row in rows:
        row.path_scores = judge.path_scores(row.outline)
        row.word_scores = judge.word_scores(row.said)
        row.kind_scores = judge.kind_scores(page_tokens(row.outline, row.said, row.head))
        row.numbers = page_numbers(row.measures, row.word_scores)


def _no_forests() -> dict[str, Any]:
    parts = ("features", "thresholds", "crosses", "values")
    return {
        "network_means": np.zeros(0),
        "network_spreads": np.zeros(0),
        **{f"{name}_{part}": np.zeros(0) for name in ("kind", "line") for part in parts},
    }


def _kind_row(row: Row) -> Any:
    return np.concatenate([row.kind_scores, row.numbers])


def _kind_forest(rows: Sequence[Row]) -> Any:
    data = lightgbm.Dataset(
        np.stack([_kind_row(row) for row in rows]), [KINDS.index(row.sample.kind) for row in rows]
    )
    return lightgbm.train({**KIND, **FIXED}, data, KIND_ROUNDS)


def _tabulate(row: Row) -> None:
    table = line_table(row.outline, row.measures, row.path_scores, row.word_scores, row.head)
    shared = trained.page_columns(row.kinds, row.numbers, row.measures.count)
    row.columns = np.concatenate([table.matrix(), shared])


def _line_forest(rows: Sequence[Row]) -> Any:
    weights = np.concatenate([row.weights for row in rows])
    columns = np.concatenate([row.columns for row in rows], axis=1).T
    data = lightgbm.Dataset(
        columns, np.concatenate([row.truth for row in rows]), weight=weights / weights.mean()
    )
    return lightgbm.train({**LINES, **FIXED}, data, LINE_ROUNDS)


def _line_network(rows: Sequence[Row]) -> dict[str, Any]:
    weights = np.concatenate([row.weights for row in rows])
    columns = np.concatenate([row.columns for row in rows], axis=1).T
    return networks.train(columns, np.concatenate([row.truth for row in rows]), weights / weights.mean())


def _cross_validate(rows: Sequence[Row]) -> None:
    found: dict[str, list[float]] = defaultdict(list)
    right = 0
    for fold in range(FOLDS):
        inside = [row for row in rows if row.sample.fold != fold]
        forest, network = _line_forest(inside), Network.from_arrays(_line_network(inside), "network")
        for row in (row for row in rows if row.sample.fold == fold):
            trees = forest.predict(row.columns.T, raw_score=True)
            chances = trained.with_kin(trained.joined(trees, network.scores(row.columns)), row.measures)
            kept = best_lines(chances, row.measures.words)
            kept &= ~repeated(row.measures, kept)
            text = "\n".join(line for line, is_kept in zip(row.measures.texts, kept, strict=True) if is_kept)
            found[row.sample.kind].append(word_f1(row.sample.text, text))
            right += KINDS[int(np.argmax(row.kinds))] == row.sample.kind
    every = [value for values in found.values() for value in values]
    print(f"F1 {np.mean(every):.4f}  kind right {right / len(every):.3f}  pages {len(every)}")
    print("  ".join(f"{kind} {np.mean(values):.4f}" for kind, values in sorted(found.items())))


def _spelled(tokens: Iterable[str]) -> Any:
    return np.frombuffer(json.dumps(list(tokens), ensure_ascii=False).encode(), np.uint8)


def _arrays(name: str, booster: Any) -> dict[str, Any]:
    """A booster's trees as `Forest` wants them, each filled up with nodes that cross nothing out."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    shape = (len(trees), MAX_LEAVES - 1)
    features, thresholds = np.zeros(shape, np.int16), np.full(shape, np.inf, np.float32)
    crosses = np.zeros(shape, np.uint16)
    values = np.zeros((len(trees), MAX_LEAVES), np.float32)
    for place, tree in enumerate(trees):
        leaves: list[float] = []
        nodes: list[tuple[int, float, int]] = []
        _flatten(tree, leaves, nodes)
        values[place, : len(leaves)] = leaves
        for number, (feature, threshold, crossed) in enumerate(nodes):
            features[place, number], thresholds[place, number] = feature, threshold
            crosses[place, number] = crossed
    parts = {"features": features, "thresholds": thresholds, "crosses": crosses, "values": values}
    return {f"{name}_{part}": array for part, array in parts.items()}


def _flatten(node: Any, leaves: list[float], nodes: list[tuple[int, float, int]]) -> None:
    """Leaves from the left, and of each node its feature, its threshold and the leaves on its left as bits."""
    if "leaf_value" in node:
        leaves.append(float(node["leaf_value"]))
        return
    first = len(leaves)
    _flatten(node["left_child"], leaves, nodes)
    crossed = ((1 << len(leaves)) - 1) & ~((1 << first) - 1)
    nodes.append((int(node["split_feature"]), float(node["threshold"]), crossed))
    _flatten(node["right_child"], leaves, nodes)


if __name__ == "__main__":
    main()
