"""A sentence-transformers folder, read and validated without loading weights: its modules and their configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem

Config = Mapping[str, object]
POOLINGS = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
"""Poolings in the order in which sentence-transformers concatenates them."""
_SWITCHES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_HARMLESS = {"Dropout"}  # has no effect outside training


@dataclass(frozen=True)
class Dense:
    """A linear layer after the pooling: path of its weights, sizes, and activation (identity or tanh)."""

    path: Path
    inputs: int
    outputs: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class Folder:
    """One model. `config` is the transformer's config.json.

    `layers` are the Dense layers or the word "normalize" after the pooling, in order. `prompt` is the text that
    sentence-transformers prepends to each text by default.
    """

    path: Path
    name: str
    transformer: Path
    config: Config
    max_tokens: int
    lower: bool
    poolings: tuple[str, ...]
    layers: tuple[Dense | str, ...]
    prompt: str = ""

    @property
    def family(self) -> str:
        """Return the model_type: bert, roberta, xlm-roberta, distilbert, mpnet, …"""
        return str(self.config.get("model_type", ""))

    @property
    def tokenizer(self) -> Path:
        """Return the path of the file for the tokenizers library."""
        return self.transformer / "tokenizer.json"


def read(path: Path, name: str = "") -> Folder:
    """Return the folder's contents. Raises a Problem that names a missing file or an unsupported setting."""
    modules = [(str(module["type"]).rpartition(".")[2], path / str(module["path"])) for module in _modules(path)]
    if not modules or modules[0][0] != "Transformer":
        raise _cannot(
            path, f"modules.json begins with {modules[0][0] if modules else 'nothing'}, not with a Transformer"
        )
    transformer = modules[0][1]
    later = modules[1:]
    poolings: tuple[str, ...] = ("mean",)
    if later and later[0][0] == "Pooling":
        poolings = _poolings(_json(later[0][1] / "config.json"), path)
        later = later[1:]
    elif later:
        raise _cannot(path, f"its second module is {later[0][0]}; a Pooling is expected there")
    config = _json(transformer / "config.json")
    settings = _settings(transformer)
    folder = Folder(
        path=path,
        name=name or path.name,
        transformer=transformer,
        config=config,
        max_tokens=_max_tokens(transformer, config, settings),
        lower=bool(settings.get("do_lower_case", False)),
        poolings=poolings,
        layers=tuple(_layer(kind, at, path) for kind, at in later if kind not in _HARMLESS),
        prompt=_prompt(path),
    )
    if not folder.tokenizer.is_file():
        raise _cannot(
            path,
            f"{folder.tokenizer} is missing",
            "save it with `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)` (a fast tokenizer)",
        )
    return folder


def _modules(path: Path) -> list[dict[str, object]]:
    if not path.is_dir():
        raise Problem(
            f"cannot load the model {path}",
            "there is no such folder",
            "set OMNIMIND_MODEL to a sentence-transformers folder (it holds modules.json)",
        )
    if (path / "modules.json").is_file():
        modules = json.loads((path / "modules.json").read_text())
        return sorted(modules, key=lambda module: int(module["idx"]))
    if (path / "config.json").is_file():  # a plain transformers folder: sentence-transformers uses mean pooling for it
        return [{"type": "Transformer", "path": ""}]
    raise _cannot(path, "neither modules.json nor config.json is in it")


def _poolings(config: Config, path: Path) -> tuple[str, ...]:
    named = config.get("pooling_mode")
    if isinstance(named, str | list):  # the newer notation
        poolings = [named] if isinstance(named, str) else [str(pooling) for pooling in named]
    else:
        poolings = [pooling for key, pooling in _SWITCHES.items() if config.get(key)] or ["mean"]
    unknown = [pooling for pooling in poolings if pooling not in POOLINGS]
    if unknown or not poolings:
        raise _cannot(path, f"the pooling {', '.join(unknown) or '(none)'} is not one of {', '.join(POOLINGS)}")
    return tuple(poolings)


def _layer(kind: str, at: Path, path: Path) -> Dense | str:
    if kind == "Normalize":
        return "normalize"
    if kind != "Dense":
        raise _cannot(path, f"it has a module {kind}; after the pooling, only Dense and Normalize are supported")
    config = _json(at / "config.json")
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh")).rpartition(".")[2].lower()
    if activation not in ("identity", "tanh"):
        raise _cannot(path, f"the activation {activation} of {at.name} is not one of identity, tanh")
    return Dense(
        at,
        _integer(config, "in_features"),
        _integer(config, "out_features"),
        bool(config.get("bias", True)),
        activation,
    )


def _settings(transformer: Path) -> Config:
    """Return sentence_bert_config.json, which older models name after their own family."""
    for file in sorted(transformer.glob("sentence_*_config.json")):
        if file.name != "config_sentence_transformers.json":
            return _json(file)
    return {}


def _max_tokens(transformer: Path, config: Config, settings: Config) -> int:
    """Return the length at which sentence-transformers truncates.

    It is the model's own setting, otherwise the smaller of the tokenizer's limit and the position table.
    """
    configured = settings.get("max_seq_length")
    positions = int(str(config.get("max_position_embeddings") or 512))
    if str(config.get("model_type")) in ("roberta", "xlm-roberta", "mpnet", "camembert"):
        positions -= 2  # their positions start after the padding id
    if isinstance(configured, int):
        return min(configured, positions)
    file = transformer / "tokenizer_config.json"
    limit = _json(file).get("model_max_length") if file.is_file() else None
    return min(positions, int(limit)) if isinstance(limit, int | float) else positions


def _prompt(path: Path) -> str:
    file = path / "config_sentence_transformers.json"
    config = _json(file) if file.is_file() else {}
    prompts, name = config.get("prompts"), config.get("default_prompt_name")
    return str(prompts.get(name, "")) if isinstance(prompts, dict) and name else ""


def _integer(config: Config, key: str) -> int:
    return int(str(config[key]))


def _json(file: Path) -> Config:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _cannot(file.parent, f"{file} is missing") from None
    except ValueError as error:
        raise _cannot(file.parent, f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise _cannot(file.parent, f"{file} does not hold an object")
    return document


def _cannot(path: Path, why: str, fix: str = "use a folder that `SentenceTransformer.save` wrote") -> Problem:
    return Problem(f"cannot load the model {path}", why, fix)
