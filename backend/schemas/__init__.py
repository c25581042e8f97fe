"""What requests and answers look like, one file per route file; OpenAPI and the page's client are made from these."""
