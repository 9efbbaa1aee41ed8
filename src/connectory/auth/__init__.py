"""How credentials come and stay fresh: the protocols, AuthManager, the backends."""
