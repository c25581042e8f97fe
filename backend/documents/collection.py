"""The document collection: created when first needed, refused when its vectors do not fit the model."""

from __future__ import annotations

from backend.clients.qdrant import Qdrant, Shape
from backend.http.errors import ApiProblem, unavailable


async def fitting(qdrant: Qdrant, collection: str, dimensions: int) -> Shape:
    """Return the collection's vector layout. Creates the collection if it does not exist."""
    shape = await qdrant.shape(collection)
    if not shape:
        await qdrant.create(collection, dimensions)
        shape = await qdrant.shape(collection)
    if not shape:
        raise unavailable("qdrant", f"the collection {collection} was deleted just after it was made")
    check(collection, shape, dimensions)
    return shape


def check(collection: str, shape: Shape, dimensions: int) -> None:
    """Raise 409 if the model's vectors do not fit the collection."""
    if shape.dimensions != dimensions:
        raise ApiProblem(
            409,
            "the collection does not fit the model",
            f"{collection} holds vectors of {shape.dimensions} dimensions, the model makes {dimensions}",
            fix="load the model that the collection was made with, or set OMNIMIND_COLLECTION to another one",
            more={"collection": collection, "collection_dimensions": shape.dimensions, "model_dimensions": dimensions},
        )
