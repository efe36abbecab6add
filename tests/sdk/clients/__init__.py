"""One module per vendor's SDK; every client in them has the same few methods."""


def client(dialect):
    """The class that speaks a dialect; only its own SDK is imported."""
    if dialect in ("chat", "responses"):
        from . import openai as module
    elif dialect == "messages":
        from . import anthropic as module
    elif dialect == "gemini":
        from . import google as module
    else:
        from . import amazon as module
    return getattr(module, dialect.capitalize())
