"""Held-out evaluation of the exported model through llama.cpp."""
