"""The Compose stack that a migration finds.

`project/` lies on the host as /home/ana/omnimind, `dockerfiles/` holds what its images are made of.

Start at `project/docker-compose.yml`; `images.py` builds the images, `qdrant.py` finds the Qdrant to put in.
`elsewhere/` is another project of the same user, which a migration must not touch.
"""
