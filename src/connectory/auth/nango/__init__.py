"""The backend that borrows Nango's sign-ins: a client of its REST API, and what we make of it (design 5.2)."""
