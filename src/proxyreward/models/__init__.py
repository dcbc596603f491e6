"""Tokenizers and models, from scratch or pretrained, behind one function each."""
