"""The folders that models are loaded from: fetched once, checked before every use."""
