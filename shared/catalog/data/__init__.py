"""The rows of the catalogue, one file a provider or kind; `defaults` hold for all in a file."""
