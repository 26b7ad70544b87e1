"""Entrepôt: any URL in; a durable, cacheable, versioned artifact out."""

__version__ = "0.1.0"
