"""The image of a test host: mmdebstrap makes a tar in the cache, the engine imports it."""

from __future__ import annotations

from pathlib import Path

from . import packed
from .cache import kept, locked
from .outside import OutsideError, call, docker
from .recipe import Recipe

LABEL = "omnimind.testhost"
BUILD_SECONDS = 900
IMPORT_SECONDS = 300
CHANGES = ('CMD ["/sbin/init"]', "ENV container=docker", f"LABEL {LABEL}=image")


def import_words(tar: Path, image: str) -> tuple[str, ...]:
    """The words after `docker` that turn the tar (`-`: stdin) into an image we can recognise later."""
    return ("import", *(word for change in CHANGES for word in ("-c", change)), str(tar), image)


def import_directly(recipe: Recipe) -> None:
    """Make the recipe's image without a tar in between, which would be its second copy on this disk."""
    if has_image(recipe.image):
        return
    stdout = Path("-")
    take = ("docker", *import_words(stdout, recipe.image))
    packed.pass_on(packed.here(recipe.build_words(stdout)), packed.here(take))


def tar_name(recipe: Recipe) -> str:
    """The cache's name of the tar that the recipe's image is imported from."""
    return f"image-{recipe.suite}-{recipe.key}.tar"


def has_image(name: str) -> bool:
    """Whether the outer engine has an image of this name."""
    return bool(docker("images", "-q", name))


def ensure_image(recipe: Recipe) -> str:
    """The name of the recipe's image, built and imported where it is missing (minutes the first time)."""
    if has_image(recipe.image):
        return recipe.image
    tar = kept(tar_name(recipe), lambda path: build(recipe, path))
    with locked(f"import-{recipe.key}"):
        if not has_image(recipe.image):
            docker(*import_words(tar, recipe.image), timeout=IMPORT_SECONDS)
    return recipe.image


def build(recipe: Recipe, tar: Path) -> None:
    """Make the image's tar (minutes)."""
    try:
        call(recipe.build_words(tar), timeout=BUILD_SECONDS)
    except OutsideError as error:
        raise OutsideError(
            f"{error}\nNeeded on this machine, as root: apt-get install mmdebstrap docker.io iptables"
        ) from error
