"""What readers of documents share: packages and XML opened within limits, and the plain HTML that they write."""
