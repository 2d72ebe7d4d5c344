"""Prices and what follows from them: pure, without I/O."""
