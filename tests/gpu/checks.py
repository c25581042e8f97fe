"""The checks that answer yes or no."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from backend.engine.gpu import gate
from backend.engine.gpu import runner as torch_runner
from backend.engine.runner import Options
from tests.gpu.outcome import Outcome, Skipped
from tests.gpu.setting import Setting, child, has

AGREEMENT = {"exact": 0.99999, "auto": 0.999, "fast": 0.99}


def probe(_: Setting) -> Outcome:
    """The gate: a child process that touches the card first."""
    found = gate.ask()
    if not found.ok:
        return Outcome("probe", "failed", found.reason, {"probe_s": found.seconds})
    half = {True: "half-precision convolution is right", False: "half-precision convolution is wrong"}.get(
        found.fp16_ok, f"half precision not tried: {found.error}"
    )
    driver = f"driver {found.driver or '(version unknown)'} with CUDA {found.driver_cuda}, torch {found.torch} with CUDA {found.torch_cuda}"
    detail = f"{found.reason}: compute capability {found.capability}, {found.vram_total >> 20} MB, {driver}; {half}; {found.seconds:.1f} s"
    numbers = {
        "vram_total_mb": found.vram_total >> 20,
        "vram_free_mb": found.vram_free >> 20,
        "fp16_ok": found.fp16_ok,
        "probe_s": found.seconds,
    }
    return Outcome("probe", "ok", detail, numbers)


def proof(setting: Setting) -> Outcome:
    """prove(), many times, as the engine calls it."""
    first, *rest = [torch_runner.prove(setting.device) for _ in range(50)]
    median = float(np.median([one.seconds for one in rest])) * 1000
    right = first.ok and all(one.ok for one in rest)
    return Outcome(
        "proof",
        "ok" if right else "failed",
        f"{first.detail}; first {first.seconds * 1000:.0f} ms, then {median:.2f} ms",
        {"proof_ms": round(median, 3)},
    )


def agreement(setting: Setting) -> Outcome:
    """Every mode on the device against float32 on the CPU, on the corpus and on odd texts."""
    ids = [*(setting.tokenised(setting.odd) if has("tokenizers") else []), *setting.ids[:300]]
    expected = torch_runner.load(setting.folder, Options(mode="exact"), "cpu").encode(ids)
    seen: dict[str, object] = {}
    words, right = [], True
    for mode, least in AGREEMENT.items():
        runner = torch_runner.load(setting.folder, Options(mode=mode), setting.device)
        rows = [runner.encode(ids), np.concatenate([runner.encode([one]) for one in ids[: min(60, setting.count)]])]
        cosine = min(_cosine(found, expected[: len(found)]) for found in rows)
        right = right and cosine >= least
        seen[mode] = {
            "cosine": round(cosine, 6),
            "precision": runner.precision,
            "batch_tokens": runner.batch_tokens,
            **runner.details,
        }
        words.append(
            f"{mode} {runner.precision} {cosine:.6f} ({runner.details['attention']}, {runner.batch_tokens} tokens a batch, graphs {runner.details['graphs']})"
        )
    return Outcome(
        "agreement", "ok" if right else "failed", "least cosine to f32 on the CPU: " + "; ".join(words), seen
    )


def reference(setting: Setting) -> Outcome:
    """float32 on the device against sentence-transformers."""
    if not has("sentence_transformers"):
        raise Skipped("the package sentence-transformers is not installed")
    from sentence_transformers import SentenceTransformer

    said = [*setting.odd, *setting.corpus[:200]]
    expected = SentenceTransformer(str(setting.model), device="cpu").encode(said)
    cosine = _cosine(
        torch_runner.load(setting.folder, Options(mode="exact"), setting.device).encode(setting.tokenised(said)),
        expected,
    )
    return Outcome(
        "sentence-transformers",
        "ok" if cosine >= 0.99999 else "failed",
        f"least cosine {cosine:.6f}",
        {"cosine": round(cosine, 6)},
    )


def hidden(setting: Setting) -> Outcome:
    """CUDA_VISIBLE_DEVICES is empty: the CPU works, and it is said."""
    found = child("hidden", setting, CUDA_VISIBLE_DEVICES="")
    right = not found["probe"] and found["said"].startswith("cannot use the GPU") and found["finite"]
    return Outcome(
        "no card visible",
        "ok" if right else "failed",
        f"gate: {found['reason']}; load: {found['said']}; the CPU embeds",
        found,
    )


def full(setting: Setting) -> Outcome:
    """Memory that runs out in the middle of the work."""
    found = child("full", setting)
    right = found["ran_out"] > 0 and found["cosine"] >= 0.99999
    return Outcome(
        "memory runs out",
        "ok" if right else "failed",
        f"halved {found['ran_out']} times to {found['batch_tokens']} tokens; cosine {found['cosine']:.6f}",
        found,
    )


def crowded(setting: Setting) -> Outcome:
    """Memory that is not there at the start."""
    found = child("crowded", setting)
    right = found["after"] == 1 and (found["said"] == "loaded" or found["said"].startswith("cannot"))
    return Outcome("memory is taken", "ok" if right else "failed", f"{found['said']}; afterwards it loads", found)


def dead(setting: Setting) -> Outcome:
    """A kernel fails for good."""
    found = child("dead", setting)
    right = found["said"].startswith("cannot embed") and not found["proof"]
    return Outcome("card is lost", "ok" if right else "failed", f"{found['said']}; proof: {found['detail']}", found)


def stuck(setting: Setting) -> Outcome:
    """The card does not answer for a while."""
    found = child("stuck", setting)
    right = not found["ok"] and found["waited"] < 0.8 * found["busy"] and found["after"]
    return Outcome(
        "card hangs",
        "ok" if right else "failed",
        f"gave up after {found['waited']:.1f} s of {found['busy']:.1f} s; works again: {found['after']}",
        found,
    )


def quantum(_: Setting) -> Outcome:
    """Qiskit Aer: the same state on card and CPU."""
    if not has("qiskit_aer"):
        raise Skipped("qiskit-aer-gpu is not installed")
    script = (
        "import numpy as np\nfrom qiskit import QuantumCircuit\nfrom qiskit_aer import AerSimulator\n"
        "c = QuantumCircuit(10); c.h(range(10))\nfor q in range(9): c.cp(0.3 * (q + 1), q, q + 1); c.cx(q, q + 1)\nc.save_statevector()\n"
        "a, b = (np.asarray(AerSimulator(method='statevector', device=d).run(c).result().get_statevector()) for d in ('CPU', 'GPU'))\nprint(abs(np.vdot(a, b)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise Skipped(f"qiskit-aer is here, but cannot use the card: {said}")
    fidelity = float(done.stdout.split()[-1])
    return Outcome(
        "quantum",
        "ok" if abs(fidelity - 1) < 1e-9 else "failed",
        f"fidelity of CPU and GPU {fidelity:.12f}",
        {"fidelity": fidelity},
    )


def _cosine(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return float(np.min(np.sum(found.astype(np.float64) * expected, axis=1) / lengths))
