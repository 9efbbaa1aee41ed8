"""The identity room, through its public functions."""
