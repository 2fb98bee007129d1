"""Flashes: what may harm a viewer with photosensitive epilepsy. `docs/safety.md` has the rules."""
