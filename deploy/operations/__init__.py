"""Operations: each compares one fact with the desired state and yields commands only for the differences."""
