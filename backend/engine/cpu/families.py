"""The BERT family: one encoder architecture, with different tensor names in each member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.engine.folder import Folder
from omnimind_ops.model.problem import Problem


@dataclass(frozen=True)
class Names:
    """Tensor names of a family member. All but `layer` follow `layer` + number + ".", each with .weight and .bias."""

    layer: str
    query: str
    key: str
    value: str
    out: str
    out_norm: str
    up: str
    down: str
    down_norm: str


@dataclass(frozen=True)
class Architecture:
    """Sizes of an encoder.

    `first_position` is the row of the position table for the first token. `buckets` is the number of MPNet's relative
    position buckets (0: none).
    """

    names: Names
    layers: int
    heads: int
    hidden: int
    between: int
    epsilon: float
    activation: str
    first_position: int
    types: bool
    buckets: int = 0


_BERT = Names(
    "encoder.layer.", "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
)  # fmt: skip
_MPNET = Names(
    "encoder.layer.", "attention.attn.q", "attention.attn.k", "attention.attn.v",
    "attention.attn.o", "attention.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
)  # fmt: skip
_DISTIL = Names(
    "transformer.layer.", "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm",
    "ffn.lin1", "ffn.lin2", "output_layer_norm",
)  # fmt: skip
_NAMES = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "camembert": _BERT,
    "distilbert": _DISTIL,
    "mpnet": _MPNET,
}
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "silu", "swish")


def supports_family(folder: Folder) -> bool:
    """Return whether architecture() supports the family."""
    return folder.family in _NAMES


def buildable(folder: Folder) -> bool:
    """Return whether architecture() supports the family and its variant."""
    try:
        architecture(folder)
    except Problem:
        return False
    return True


def architecture(folder: Folder) -> Architecture:
    """Return the sizes from config.json. Raises a Problem for an unsupported family or variant."""
    family, config = folder.family, folder.config
    if not supports_family(folder):
        named = family or "(no model_type in config.json)"
        raise refuse(folder, f"it is of the family {named}; supported from safetensors: {', '.join(_NAMES)}")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise refuse(
            folder, f"its position_embedding_type is {config['position_embedding_type']}; only absolute is supported"
        )
    short = family == "distilbert"  # its config has shorter names for the same sizes
    activation = str(config.get("activation" if short else "hidden_act", "gelu"))
    if activation not in ACTIVATIONS:
        raise refuse(folder, f"its activation is {activation}; supported: {', '.join(ACTIVATIONS)}")
    behind_padding = family in ("roberta", "xlm-roberta", "camembert", "mpnet")
    return Architecture(
        names=_NAMES[family],
        layers=_integer(config, "n_layers" if short else "num_hidden_layers"),
        heads=_integer(config, "n_heads" if short else "num_attention_heads"),
        hidden=_integer(config, "dim" if short else "hidden_size"),
        between=_integer(config, "hidden_dim" if short else "intermediate_size"),
        epsilon=1e-12 if short else float(str(config.get("layer_norm_eps", 1e-12))),
        activation=activation,
        first_position=_integer(config, "pad_token_id", 1) + 1 if behind_padding else 0,
        types=family not in ("distilbert", "mpnet"),
        buckets=_integer(config, "relative_attention_num_buckets", 32) if family == "mpnet" else 0,
    )


def refuse(folder: Folder, why: str) -> Problem:
    """Return the Problem of an unsupported model, which can still be used as an OpenVINO or ONNX graph."""
    export = f"SentenceTransformer('{folder.name}', backend='openvino').save_pretrained(FOLDER)"
    fix = f"export it once on a machine with torch: {export}, then set OMNIMIND_MODEL to FOLDER"
    return Problem(f"cannot build the model {folder.name} for the CPU", why, fix)


def _integer(config: Mapping[str, object], key: str, default: int | None = None) -> int:
    value = config.get(key, default)
    if not isinstance(value, int):
        raise Problem("cannot build the model", f"config.json has no whole number {key}", "copy the model folder again")
    return value
