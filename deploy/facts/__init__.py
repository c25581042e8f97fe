"""What a host looks like now: one shell command per fact, whatever the number of things asked for."""
