"""Four protocols spoken by hand, just enough to ask one real question: client libraries cost more to import than the whole check may take."""
