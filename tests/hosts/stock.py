"""A host without what our own recipe adds: the libraries, packers and Python parts that a distribution's installer leaves out."""

from __future__ import annotations

from .recipe import Recipe

NOT_STOCK = ("libunwind8", "libgomp1", "zstd", "xz-utils", "python3-venv")


class StockRecipe(Recipe):
    """A Recipe without them."""

    @property
    def installed(self) -> tuple[str, ...]:
        """Return the packages in the image."""
        return tuple(package for package in super().installed if package not in NOT_STOCK)
