"""What each provider's documentation demands of a sign-in, and answers: recorded shapes, table by table."""
