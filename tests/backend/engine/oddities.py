"""Model folders that are not the usual, made by the Python of $OMNIMIND_REFERENCE_PYTHON: a prompt and a tokenizer that
minds spaces; a graph instead of weights.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils
from transformers import AutoModel, PreTrainedTokenizerFast, RobertaConfig

SPECIAL = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}


def prompted(where: Path, texts: list[str]) -> Path:
    """A RoBERTa with a byte-level tokenizer of its own, saved by today's sentence-transformers, that puts "passage:

    " before each text.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=600, special_tokens=list(SPECIAL.values()), initial_alphabet=alphabet, show_progress=False
        ),
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    torch.manual_seed(5)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    plain = where / "prompted-transformer"
    AutoModel.from_config(
        RobertaConfig(**sizes, vocab_size=600, pad_token_id=1, max_position_embeddings=66)
    ).save_pretrained(plain)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **SPECIAL).save_pretrained(plain)
    modules = [models.Transformer(str(plain)), models.Pooling(64, "mean")]
    made = SentenceTransformer(
        modules=modules, prompts={"passage": "passage: "}, default_prompt_name="passage", device="cpu"
    )
    made.save(str(where / "prompted"))
    return where / "prompted"


def exported(weights: Path, where: Path) -> Path:
    """The same model with onnx/model.onnx instead of its weights."""
    model = AutoModel.from_pretrained(weights, attn_implementation="eager").eval()
    names = ("input_ids", "attention_mask", "token_type_ids")
    example = tuple(torch.full((2, 9), value) for value in (1000, 1, 0))
    shutil.copytree(weights, where, ignore=shutil.ignore_patterns("model.safetensors"))
    (where / "onnx").mkdir()
    onnx_proto_utils._add_onnxscript_fn = lambda model_bytes, *_: (
        model_bytes
    )  # it wants the package onnx, to add functions that we have none of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Tokens(model),
            example,
            str(where / "onnx/model.onnx"),
            input_names=list(names),
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys((*names, "last_hidden_state"), {0: "texts", 1: "tokens"}),
            opset_version=14,
            dynamo=False,
        )
    return where


class _Tokens(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state


def maximum(folder: Path, tokens: int) -> None:
    """Set the longest text that the folder reads."""
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": tokens, "do_lower_case": True}))
