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
    response = gate.ask()
    if not response.ok:
        return Outcome("probe", "failed", response.reason, {"probe_s": response.seconds})
    half = {True: "half-precision convolution is right", False: "half-precision convolution is wrong"}.get(
        response.fp16_ok, f"half precision not tried: {response.error}"
    )
    driver = f"driver {response.driver or '(version unknown)'} with CUDA {response.driver_cuda}, torch {response.torch} with CUDA {response.torch_cuda}"
    detail = f"{response.reason}: compute capability {response.capability}, {response.vram_total >> 20} MB, {driver}; {half}; {response.seconds:.1f} s"
    numbers = {
        "vram_total_mb": response.vram_total >> 20,
        "vram_free_mb": response.vram_free >> 20,
        "fp16_ok": response.fp16_ok,
        "probe_s": response.seconds,
    }
    return Outcome("probe", "ok", detail, numbers)


def proof(setting: Setting) -> Outcome:
    """prove(), many times, as the engine calls it."""
    first, *rest = [torch_runner.prove(setting.device) for _ in range(50)]
    median = float(np.median([item.seconds for item in rest])) * 1000
    right = first.ok and all(entry.ok for entry in rest)
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
    observed: dict[str, object] = {}
    text, right = [], True
    for mode, least in AGREEMENT.items():
        runner = torch_runner.load(setting.folder, Options(mode=mode), setting.device)
        rows = [runner.encode(ids), np.concatenate([runner.encode([item]) for item in ids[: min(60, setting.count)]])]
        cosine = min(_cosine(row, expected[: len(row)]) for row in rows)
        right = right and cosine >= least
        observed[mode] = {
            "cosine": round(cosine, 6),
            "precision": runner.precision,
            "batch_tokens": runner.batch_tokens,
            **runner.details,
        }
        text.append(
            f"{mode} {runner.precision} {cosine:.6f} ({runner.details['attention']}, {runner.batch_tokens} tokens a batch, graphs {runner.details['graphs']})"
        )
    return Outcome(
        "agreement", "ok" if right else "failed", "least cosine to f32 on the CPU: " + "; ".join(text), observed
    )


def reference(setting: Setting) -> Outcome:
    """float32 on the device against sentence-transformers."""
    if not has("sentence_transformers"):
        raise Skipped("the package sentence-transformers is not installed")
    from sentence_transformers import SentenceTransformer

    results = [*setting.odd, *setting.corpus[:200]]
    expected = SentenceTransformer(str(setting.model), device="cpu").encode(results)
    cosine = _cosine(
        torch_runner.load(setting.folder, Options(mode="exact"), setting.device).encode(setting.tokenised(results)),
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
    result = child("hidden", setting, CUDA_VISIBLE_DEVICES="")
    right = not result["probe"] and result["said"].startswith("cannot use the GPU") and result["finite"]
    return Outcome(
        "no card visible",
        "ok" if right else "failed",
        f"gate: {result['reason']}; load: {result['said']}; the CPU embeds",
        result,
    )


def full(setting: Setting) -> Outcome:
    """Memory that runs out in the middle of the work."""
    result = child("full", setting)
    right = result["ran_out"] > 0 and result["cosine"] >= 0.99999
    return Outcome(
        "memory runs out",
        "ok" if right else "failed",
        f"halved {result['ran_out']} times to {result['batch_tokens']} tokens; cosine {result['cosine']:.6f}",
        result,
    )


def crowded(setting: Setting) -> Outcome:
    """Memory that is not there at the start."""
    result = child("crowded", setting)
    right = result["after"] == 1 and (result["said"] == "loaded" or result["said"].startswith("cannot"))
    return Outcome("memory is taken", "ok" if right else "failed", f"{result['said']}; afterwards it loads", result)


def dead(setting: Setting) -> Outcome:
    """A kernel fails for good."""
    result = child("dead", setting)
    right = result["said"].startswith("cannot embed") and not result["proof"]
    return Outcome("card is lost", "ok" if right else "failed", f"{result['said']}; proof: {result['detail']}", result)


def stuck(setting: Setting) -> Outcome:
    """The card does not answer for a while."""
    result = child("stuck", setting)
    right = not result["ok"] and result["waited"] < 0.8 * result["busy"] and result["after"]
    return Outcome(
        "card hangs",
        "ok" if right else "failed",
        f"gave up after {result['waited']:.1f} s of {result['busy']:.1f} s; works again: {result['after']}",
        result,
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
        result = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise Skipped(f"qiskit-aer is here, but cannot use the card: {result}")
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
