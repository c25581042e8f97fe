"""Encoders from transformers, for the families that encoder.py does not support.

They pad, so they are slower; the texts are sorted by length.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from backend.engine.folder import Folder
from backend.engine.gpu.batch import Batch
from omnimind_ops.model.problem import Problem


def build(folder: Folder, dtype: torch.dtype, device: torch.device) -> tuple[Callable[[Batch], torch.Tensor], int]:
    """Return a function from packed texts to [tokens, hidden], and the number of token ids.

    No code of the folder is run and nothing is downloaded.
    """
    model = _load(folder, dtype).to(device).eval()
    padding = int(str(folder.config.get("pad_token_id") or 0))

    def hidden(batch: Batch) -> torch.Tensor:
        lengths = batch.bounds.diff()
        width, texts = batch.longest, lengths.shape[0]
        every = torch.arange(batch.ids.shape[0], device=device)
        text = torch.searchsorted(batch.bounds, every, right=True, out_int32=True) - 1
        at = text * width + batch.places  # the position of each token in [texts, width]
        ids = torch.full((texts * width,), padding, dtype=torch.int64, device=device).index_put_(
            (at,), batch.ids.long()
        )
        mask = (torch.arange(width, device=device)[None] < lengths[:, None]).long()
        found: torch.Tensor = model(input_ids=ids.view(texts, width), attention_mask=mask).last_hidden_state
        return found.flatten(0, 1)[at]

    return hidden, int(model.get_input_embeddings().weight.shape[0])


def _load(folder: Folder, dtype: torch.dtype) -> torch.nn.Module:
    try:
        from transformers import AutoModel
    except ImportError as error:
        why = (
            f"its family {folder.family or '(none named)'} needs the package transformers, which is not here ({error})"
        )
        raise Problem(
            f"cannot load the model {folder.name}", why, "install the packages for this card again: `omnimind converge`"
        ) from error
    try:
        return AutoModel.from_pretrained(
            folder.transformer, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        why = str(error).strip().splitlines()[0]
        raise Problem(
            f"cannot load the model {folder.name}",
            f"transformers says: {why}",
            "use a folder that `SentenceTransformer.save` wrote",
        ) from error
