"""A plot of one result, and of its baseline beside it: mean time by stage, and the distribution of the samples.

matplotlib is imported only when a plot is requested.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.render.bench.text import describe_machine, describe_request, describe_result, label

KINDS = (".svg", ".png", ".pdf")


def check(file: Path) -> None:
    """Raise a Problem, before anything is measured, when the plot could not be drawn or written."""
    if file.suffix not in KINDS:
        raise Problem(
            "cannot plot",
            f"--plot {file}: unknown image format",
            f"use a file name that ends in {', '.join(KINDS)}",
            code=ExitCode.USAGE,
        )
    if not file.absolute().parent.is_dir():
        raise Problem(
            "cannot plot", f"there is no folder {file.absolute().parent}", "create it, or choose another file"
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise Problem(
            "cannot plot",
            f"matplotlib is not installed ({error})",
            f"install it beside omnimind: {sys.executable} -m pip install 'matplotlib>=3.10'",
        ) from error


def plot(documents: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Draw the documents, the newest first, each with a bar of its stages; below, the histogram of the newest."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "omnimind"  # the same result gives the same file
    figure, (bars, spread) = pyplot.subplots(
        2,
        1,
        figsize=(10, 3.2 + 0.5 * len(documents) + 2.4),
        height_ratios=(1 + 0.5 * len(documents), 2),
        layout="constrained",
    )
    try:
        _bars(bars, documents)
        _spread(spread, documents[0])
        figure.suptitle(
            f"omnimind bench {describe_request(documents[0])}\n{describe_result(documents[0])}", fontsize=10
        )
        figure.supxlabel(describe_machine(documents[0]), fontsize=7, color="grey")
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    except OSError as error:
        raise Problem(
            "cannot plot", f"{file}: {error.strerror}", "choose a file in a folder that you can write to"
        ) from error
    finally:
        pyplot.close(figure)


def _bars(axes: Any, documents: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(row["name"] for document in documents for row in document["stages"]))
    left = [0.0] * len(documents)
    positions = range(len(documents))
    for number, name in enumerate(names):
        rows = [_stage(document, name) for document in documents]
        values = [(row["mean_ms"] or 0.0) if row else 0.0 for row in rows]
        if any(values):
            axes.barh(
                positions,
                values,
                left=left,
                label=next(label(row) for row in rows if row),
                color=f"C{number % 10}",
                hatch="//" if number >= 10 else None,
            )
            left = [start + value for start, value in zip(left, values, strict=True)]
    axes.set_yticks(positions, [_bar_label(document) for document in documents])
    axes.invert_yaxis()
    axes.set_xlabel("mean milliseconds of one sample, by stage")
    axes.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.35))


def _stage(document: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    return next((row for row in document["stages"] if row["name"] == name), None)


def _bar_label(document: Mapping[str, Any]) -> str:
    return f"{document['name'] or 'this result'}\n{document['settings']['target']}, {document['device']}"


def _spread(axes: Any, document: Mapping[str, Any]) -> None:
    for low, high, count in document["histogram"]:
        axes.bar(low, count, width=max(high - low, 1e-6), align="edge", color="C0", edgecolor="white")
    for name, style in (("p50_ms", "-"), ("p95_ms", "--"), ("p99_ms", ":")):
        if (value := document["total"][name]) is not None:
            axes.axvline(
                value, color="black", linestyle=style, linewidth=1, label=f"{name.removesuffix('_ms')} {value:.4g} ms"
            )
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("samples")
    axes.legend(fontsize=7)
