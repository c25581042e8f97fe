"""omnimind bench: measure the speed, compare it with a saved result, check it against requirements."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnimind_ops.cli.options import Config, Json, paths
from omnimind_ops.model.problem import ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from omnimind_ops.bench.requirements import Requirement
    from omnimind_ops.flows.bench.options import BenchOptions
    from omnimind_ops.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Run benchmarks. Save the results, compare them, set limits.",
)

SEARCHES = 200
CALLERS = 64

Target = Annotated[
    str,
    typer.Option(
        "--target", help="native, embedded, docker or a URL. Default: the system on this host.", show_default=False
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, gpu or cpu. Fail if the work ran on another device.")]
Cache = Annotated[
    str,
    typer.Option(
        "--cache", help="cold, warm or off. Default: cold if the cache can be cleared, else off.", show_default=False
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", "-c", min=1, max=256, help="Concurrent callers.")]
Repeats = Annotated[
    int, typer.Option("--repeats", min=1, max=1000, help="Maximum repeats; stops early when results are stable.")
]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, help="Time limit in seconds; no repeat starts after it.")]
Save = Annotated[str, typer.Option("--save", help="Save the result under this name.", show_default=False)]
Baseline = Annotated[
    str, typer.Option("--baseline", help="Compare with a saved result (name or path).", show_default=False)
]
Anyway = Annotated[bool, typer.Option("--compare-anyway", help="Compare even if settings or machine differ.")]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", help="Exit with 99 unless this holds: 'p95<210ms', 'texts_per_s>100'. Repeatable."),
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
Plot = Annotated[
    Path | None, typer.Option("--plot", help="Plot the result to FILE.svg, .png or .pdf.", show_default=False)
]
K = Annotated[int, typer.Option("--k", min=1, max=100, help="Neighbours per search.")]
Rate = Annotated[
    float,
    typer.Option(
        "--rate", min=0.1, max=10_000, help="Requests sent per second, whether or not earlier ones were answered."
    ),
]
LoadSeconds = Annotated[float, typer.Option("--for", min=1, help="Seconds of load.")]
Kill = Annotated[bool, typer.Option("--kill", help="Kill the first backend halfway and count failed requests.")]
Budget = Annotated[float, typer.Option("--budget", min=1, help="Time limit in seconds for growing circuits.")]
NoQdrant = Annotated[bool, typer.Option("--no-qdrant", help="Embed only, without a search after each batch.")]


@dataclass(frozen=True)
class ResultOptions:
    """What to do with a result. The fields are options of all cases."""

    save: Save = ""
    baseline: Baseline = ""
    anyway: Anyway = False
    require: Require = None
    plot: Plot = None
    markdown: Markdown = False
    config: Config = None
    json: Json = False


def with_result_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command in the form that Typer reads, because Typer has no groups of options.

    The fields of ResultOptions, as the last options, replace the first parameter.
    """
    group = inspect.signature(ResultOptions, eval_str=True).parameters
    _, *command_parameters = inspect.signature(command, eval_str=True).parameters.values()

    @functools.wraps(command)
    def flat(**options: Any) -> None:
        command(ResultOptions(**{name: options.pop(name) for name in group}), **options)

    parameters = [*command_parameters, *group.values()]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(flat)["__signature__"] = inspect.Signature(parameters)
    return flat


@app.command("embeddings")
@with_result_options
def embeddings(
    result_options: ResultOptions,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Number of texts.")] = 1000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Texts per request.")] = 32,
    concurrency: Concurrency = 1,
    device: Device = "auto",
    cache: Cache = "",
    target: Target = "",
    no_qdrant: NoQdrant = False,
    repeats: Repeats = 10,
    seconds: Seconds = 180,
) -> None:
    """Time N embeddings end to end, stage by stage."""
    options: dict[str, Any] = {
        "n": n,
        "batch": batch,
        "concurrency": concurrency,
        "device": device,
        "cache": cache,
        "target": target,
        "qdrant": not no_qdrant,
    }
    _run({"embeddings": {**options, "repeats": repeats, "seconds": seconds}}, result_options)


@app.command("search")
@with_result_options
def search(
    result_options: ResultOptions,
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="Number of queries.")] = SEARCHES,
    k: K = 10,
    concurrency: Concurrency = 1,
    target: Target = "",
    repeats: Repeats = 10,
    seconds: Seconds = 120,
) -> None:
    """Measure recall and latency of search.

    Recall compares the service's top k with an exact search over the same vectors.
    """
    options = {"n": n, "k": k, "concurrency": concurrency, "target": target, "repeats": repeats, "seconds": seconds}
    _run({"search": options}, result_options)


@app.command("quantum")
@with_result_options
def quantum(result_options: ResultOptions, budget: Budget = 60) -> None:
    """Run circuits of growing size on CPU and GPU. Saves the size above which the GPU is faster, for routing."""
    _run({"quantum": {"budget": budget}}, result_options)


@app.command("cluster")
@with_result_options
def cluster(
    result_options: ResultOptions,
    rate: Rate = 20,
    for_: LoadSeconds = 15,
    kill: Kill = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=512, help="Maximum requests in flight.")
    ] = CALLERS,
    target: Target = "",
) -> None:
    """Put a steady load on all backends. Latency counts from the time a request was due, so stalls are included."""
    options = {"rate": rate, "load_seconds": for_, "kill": kill, "concurrency": concurrency, "target": target}
    _run({"cluster": options}, result_options)


@app.command("all")
def everything(
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Number of texts.")] = 1000,
    device: Device = "auto",
    target: Target = "",
    budget: Budget = 60,
    save: Annotated[
        str, typer.Option("--save", help="Save the results as NAME-embeddings, NAME-search, …", show_default=False)
    ] = "",
    baseline: Annotated[
        str, typer.Option("--baseline", help="Compare with NAME-embeddings, NAME-search, …", show_default=False)
    ] = "",
    anyway: Anyway = False,
    markdown: Markdown = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Run all four benchmarks."""
    cases: dict[str, dict[str, Any]] = {
        "embeddings": {"n": n, "device": device, "target": target},
        "search": {"n": SEARCHES, "target": target},
        "quantum": {"budget": budget},
        "cluster": {"target": target, "concurrency": CALLERS},
    }
    _run(cases, ResultOptions(save, baseline, anyway, markdown=markdown, config=config, json=json))


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the results."""
    from omnimind_ops.bench import document
    from omnimind_ops.render.bench import output

    output.schema(document.schema())


def _run(cases: Mapping[str, Mapping[str, Any]], result_options: ResultOptions) -> None:
    """Check for all possible errors first, then measure, print and save, case by case."""
    import signal

    from omnimind_ops.bench import requirements
    from omnimind_ops.flows.bench import run as flow
    from omnimind_ops.flows.bench import saved_results
    from omnimind_ops.flows.bench.options import BenchOptions
    from omnimind_ops.settings import load

    settings, required = load(result_options.config), requirements.parse(result_options.require or ())
    options = {case: BenchOptions(**values) for case, values in cases.items()}
    names = {case: _name_of(result_options.save, case, cases) for case in cases}
    for name in filter(None, names.values()):
        saved_results.check_name(name)
    baselines = {
        case: flow.baseline(_name_of(result_options.baseline, case, cases), settings, paths()) for case in cases
    }
    if result_options.plot:
        from omnimind_ops.render.bench import plot as bench_plot

        bench_plot.check(result_options.plot)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM cleans up as Ctrl-C does
    for case, case_options in options.items():
        if code := _measure(case, case_options, settings, required, baselines[case], names[case], result_options):
            raise typer.Exit(code)


def _name_of(name: str, case: str, cases: Collection[str]) -> str:
    return f"{name}-{case}" if name and len(cases) > 1 else name


def _measure(
    case: str,
    options: BenchOptions,
    settings: Settings,
    required: Sequence[Requirement],
    baseline: dict[str, Any] | None,
    name: str,
    result_options: ResultOptions,
) -> int:
    """Measure one case; return its exit code. A result cut short by Ctrl-C is printed and saved like any other."""
    from omnimind_ops.flows.bench import run as flow
    from omnimind_ops.render.bench import output
    from omnimind_ops.render.bench.progress import Bars

    with Bars() as bars:
        result = flow.run(case, options, settings, paths(), bars.tell, None if result_options.anyway else baseline)
    result = flow.with_requirements(result, required)
    saved = flow.save(result, name, settings, paths()) if name else ""
    result = flow.with_comparison({**result, "name": name}, baseline)
    output.result(result, json=result_options.json, markdown=result_options.markdown)
    if saved:
        output.note(f"saved: {saved}")
    if result_options.plot:
        from omnimind_ops.render.bench import plot as bench_plot

        bench_plot.plot([result, *([baseline] if baseline else [])], result_options.plot)
    if result["interrupted"]:
        return int(ExitCode.INTERRUPTED)
    requirements: Any = result.get("requirements", ())
    missed = [str(requirement["text"]) for requirement in requirements if not requirement["ok"]]
    if missed:
        output.note(f"requirements not met: {', '.join(missed)}")
    return int(ExitCode.THRESHOLD) if missed else 0
