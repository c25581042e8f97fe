"""The encoder of transformers: AutoModel with torch's scaled dot-product attention (sdpa).

It pads each batch to its longest text, so the pipeline sorts the texts by length. It supports every family that
transformers knows, and takes over when the packed encoder fails its proof.
"""

from __future__ import annotations

import torch

from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder
from backend.engine.gpu.batch import Batch
from omnimind_ops.model.problem import Problem


class AutoModelEncoder:
    """One AutoModel; the members are documented in encoder.Encoder."""

    name = "transformers"
    pads = True
    capturable = False

    def __init__(self, model: torch.nn.Module, padding: int) -> None:
        self._model, self._padding = model, padding
        self.vocabulary = int(model.get_input_embeddings().weight.shape[0])
        self.attention = str(model.config._attn_implementation)  # the only place where transformers tells it

    def encode(self, batch: Batch) -> torch.Tensor:
        """Return one vector per token. The ids are padded, and the vectors of the padding are dropped."""
        lengths, device = batch.offsets.diff(), batch.ids.device
        width, texts = batch.longest, lengths.shape[0]
        token = torch.arange(batch.ids.shape[0], device=device)
        text = torch.searchsorted(batch.offsets, token, right=True, out_int32=True) - 1
        at = text * width + batch.positions  # the position of each token in [texts, width]
        ids = torch.full((texts * width,), self._padding, dtype=torch.int64, device=device)
        ids.index_put_((at,), batch.ids.long())
        mask = (torch.arange(width, device=device)[None] < lengths[:, None]).long()
        output = self._model(input_ids=ids.view(texts, width), attention_mask=mask)
        vectors: torch.Tensor = output.last_hidden_state
        return vectors.flatten(0, 1)[at]


def load(folder: Folder, _weights: Weights, dtype: torch.dtype, device: torch.device) -> AutoModelEncoder:
    """Return the folder's encoder on the device. No code of the folder is run and nothing is downloaded.

    Raises a Problem if transformers is missing or cannot load the folder.
    """
    try:
        from transformers import AutoModel
        from transformers.utils import logging
    except ImportError as error:
        raise Problem(
            f"cannot load the model {folder.name} with transformers",
            f"the package transformers cannot be imported: {error}",
            "run `omnimind converge` to install the packages for this card again",
        ) from error
    logging.disable_progress_bar()
    try:
        model = AutoModel.from_pretrained(
            folder.transformer, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise Problem(
            f"cannot load the model {folder.name} with transformers",
            str(error).strip().splitlines()[0],
            "use a folder that `SentenceTransformer.save` wrote",
        ) from error
    return AutoModelEncoder(model.to(device).eval(), int(str(folder.config.get("pad_token_id") or 0)))
