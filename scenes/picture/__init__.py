"""How the truth is turned into pictures."""
