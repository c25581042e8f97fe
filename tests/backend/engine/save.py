"""Run by the Python of $OMNIMIND_REFERENCE_PYTHON: `save.py MODEL FOLDER` writes small models of every family, and
beside each model, the default one too, what sentence-transformers makes of the texts in texts.json (FOLDER/NAME.npy).
Prints the names as JSON, last. `exported` has no rows of its own: it is "bert mean_tokens" again, as a graph.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "engine_torch"))

import families
import oddities
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

FAMILIES = ("bert", "roberta", "distilbert", "mpnet")


def main(model: Path, where: Path) -> None:
    """Save and embed."""
    texts = json.loads((where / "texts.json").read_text())
    made = {"default": model}
    for family in FAMILIES:
        made[family] = families._save(family, "mean_tokens", True, model, where)
    for pooling in families.POOLINGS:
        made[f"bert {pooling}"] = families._save("bert", pooling, False, model, where)
    for dtype, name in ((torch.float16, "f16"), (torch.bfloat16, "bf16")):
        folder = where / f"bert-{name}"
        made[name] = families._save("bert", "cls_token", True, model, where).rename(folder)
        tensors = {key: value.to(dtype) for key, value in load_file(folder / "model.safetensors").items()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    made["prompted"] = oddities.prompted(where, texts)
    made["lower case"] = shutil.copytree(made["prompted"], where / "lower")
    oddities.maximum(made["lower case"], 20)
    for name, folder in made.items():
        loaded = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
        np.save(
            where / f"{name}.npy", loaded.encode(texts, batch_size=8, convert_to_numpy=True, show_progress_bar=False)
        )
    made["exported"] = oddities.exported(made["bert mean_tokens"], where / "exported")
    print(json.dumps({name: str(folder) for name, folder in made.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
