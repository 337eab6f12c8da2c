"""Models for others: a card that says what one is, and the way to the Hugging Face hub."""
