"""What the integration tests drive: the programs, as a user would start them."""
