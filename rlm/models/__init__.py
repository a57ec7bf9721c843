"""The one client layer for language models: values, the port, wrappers, and adapters by name.

Nothing heavy is loaded here: `registry.builder(name)` imports an adapter when it is asked for.
"""
