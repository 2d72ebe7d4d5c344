"""What tests share among themselves, and with the scripts."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""
