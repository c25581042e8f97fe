"""What the server's requests look like, and what is answered to one that does not.

The real server reads a body into a type and then validates it: what does not fit the type is answered with 400 and
"Format error", what fits but breaks a bound with 422 and "Validation error". `types` and `compound` are the building
blocks, each other file declares the requests of one noun with them, `position` says where in the body a value stands,
`parameters` reads paths and query strings.
"""
