"""The stages of `dvc.yaml`: each reads files, calls one layer, and writes files."""
