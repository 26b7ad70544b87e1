"""How the model of main content is trained and measured."""
