"""What a page says of itself: title, author, dates, language and the like, from its data and from what it shows."""
