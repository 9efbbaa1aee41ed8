"""What exists: the manifest model, loading, the compiled index, search. Pure data."""
