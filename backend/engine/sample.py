"""Sample texts for testing a precision and measuring its ranges: short, long, other scripts, code, one token."""

from __future__ import annotations

_PROSE = (
    "The committee met on Thursday to discuss the harbour's new lighthouse, which the storm of last winter had "
    "damaged beyond repair; nobody could agree on who should pay. "
    "An engineer from the capital proposed a tower of steel, lighter and cheaper, yet the fishermen wanted "
    "stone, because stone is what their fathers had steered by. "
)
SAMPLE = (
    "",
    "a",
    "GPU",
    "How do I restart the service?",
    "O rato roeu a roupa do rei de Roma, e a rainha, com raiva, resolveu remendar.",
    "Größere Mengen müssen übermorgen geprüft werden.",
    "机器学习模型在显卡上运行得更快。",
    "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
    "🚀🔥 release 2.0!!! https://example.org/path?query=1&other=2#part",
    "def add(left: int, right: int) -> int:\n    return left + right\n",
    "0.1 + 0.2 = 0.30000000000000004; 6.02214076e23; -273.15 °C",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    _PROSE,
    _PROSE * 2,
    _PROSE * 8,
)
